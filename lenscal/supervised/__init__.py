"""Training of a restoration network for one lens, on pairs that its learnt operator makes."""
