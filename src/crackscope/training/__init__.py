"""From labelled photos to a model bundle; the only room that imports PyTorch."""
