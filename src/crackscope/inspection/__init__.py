"""The inspection record: what the model said of a photo, what people decided, and what counts."""
