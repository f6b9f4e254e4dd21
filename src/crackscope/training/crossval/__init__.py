"""How good a recipe is on concrete it has not seen: grouped folds within sources, and sources left out."""
