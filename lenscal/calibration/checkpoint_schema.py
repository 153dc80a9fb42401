"""The version of checkpoints. No torch: the window asks for it before it offers to go on."""

CHECKPOINT_SCHEMA = 7
