"""One file per channel: what its two ends say to each other."""
