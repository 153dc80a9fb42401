"""One blur for whole photos, learnt from two sets of photos of unrelated scenes."""
