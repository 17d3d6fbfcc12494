"""Finds and ranks the terms that are most worth a yes or no. May import: shared, reading."""
