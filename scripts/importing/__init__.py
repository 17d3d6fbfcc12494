"""Reads annotations in the formats of other tools, and adds them to the project's. May import: shared, reading."""
