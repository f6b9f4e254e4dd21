"""Teach a `PyramidNetwork` where cracks run: crops at the photo's own scale, masks, labels of patches."""
