"""Reads what people provide, a module a format: texts, patterns, gold, suggestions. May import: shared."""
