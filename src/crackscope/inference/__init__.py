"""From photos to scores, without a training framework."""
