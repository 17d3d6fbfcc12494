"""Scores pipelines, and shows the scores as pages. May import: shared."""
