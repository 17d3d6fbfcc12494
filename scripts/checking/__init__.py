"""Looks for what makes a poor model in texts, rules and annotations. May import: shared, reading."""
