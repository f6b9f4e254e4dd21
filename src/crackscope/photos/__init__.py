"""A photo file: what its header says, where it lies, and its pixels, whole or by windows."""
