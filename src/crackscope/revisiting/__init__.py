"""Two inspections of the same concrete: photos paired and laid over one another, and what changed."""
