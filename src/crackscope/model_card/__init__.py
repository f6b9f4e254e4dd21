"""What is written about a model for people: a function of its ``model.json``."""
