"""Data sets of concrete photos: found, downloaded, audited, split, and made."""
