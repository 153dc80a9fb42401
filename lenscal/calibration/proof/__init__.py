"""What has to prove itself: stages and kernels, on photos or parts of photos that were kept out."""
