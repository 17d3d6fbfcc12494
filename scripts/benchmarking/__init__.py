"""Measures the template itself on real data. May import: shared, reading, measuring, labelling, suggesting, annotating."""
