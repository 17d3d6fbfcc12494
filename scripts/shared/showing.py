"""What people provide, as it may be shown: on one line, without control characters, shortened."""

from typing import Any


def printable(text: str) -> str:
    """RETURNS (str): The text on one line, with nothing in it that could steer a terminal."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "\ufffd" for char in line)


def shorten(text: str, width: int) -> str:
    """RETURNS (str): The text, cut off to a width in characters if it is longer."""
    return text if len(text) <= width else text[: width - 1] + "…"


def show_pattern(pattern: Any) -> str:
    """RETURNS (str): A rule's pattern as people read it, without the quotes of JSON."""
    if isinstance(pattern, str):
        return f'"{pattern}"'
    tokens = (", ".join(f"{key}: {value}" for key, value in token.items()) for token in pattern)
    return " ".join(f"{{{token}}}" for token in tokens)
