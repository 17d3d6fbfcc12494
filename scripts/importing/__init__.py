"""Reads annotations in the formats of other tools. May import: shared, reading."""
