"""The local page: terms, texts, and a try. May import: shared, reading, measuring, suggesting."""
