"""Teaches a trained pipeline new labels, and measures what it forgot. May import: shared, reading, measuring."""
