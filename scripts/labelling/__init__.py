"""Turns rules and texts into labels, and labels into the corpora of training. May import: shared, reading."""
