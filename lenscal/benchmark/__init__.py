"""Accuracy on virtual lenses, speed and the prior: figures of one run, beside baselines and
yardsticks."""
