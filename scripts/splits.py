"""Which text goes where, decided by the text alone."""

import hashlib
from typing import Iterable, Set

# Without gold annotations, this share of the texts goes to dev and as much again to test
HELD_OUT = 0.1


def text_hash(text: str) -> bytes:
    """RETURNS (bytes): 16 bytes that are the same for texts equal but for case and white space."""
    folded = " ".join(text.casefold().split())
    return hashlib.blake2b(folded.encode("utf8"), digest_size=16).digest()


def bare_hash(text: str) -> bytes:
    """RETURNS (bytes): 16 bytes that are the same for texts equal but for case and white space,
    even where only one of them has any: some formats write a space around every token."""
    return text_hash("".join(text.split()))


def gold_side(text: str) -> str:
    """RETURNS (str): "dev" or "test", where about half of the gold records go each."""
    return "dev" if _fraction(text_hash(text)) < 0.5 else "test"


class Splitter:
    """Assigns raw texts to train, dev and test by a hash, or says why one is dropped.

    So a text is on the same side for ever, whatever is added later, and never on two sides.

    gold_texts (Iterable[str]): The texts of the gold records. They never go into train. If
        there are any they are dev and test, and all other texts are train.
    """

    def __init__(self, gold_texts: Iterable[str]) -> None:
        self.gold = {text_hash(text) for text in gold_texts}
        self.seen: Set[bytes] = set()

    def __call__(self, text: str) -> str:
        """RETURNS (str): "train", "dev", "test", "empty", "duplicate" or "in_gold"."""
        if not text.strip():
            return "empty"
        key = text_hash(text)
        if key in self.seen:
            return "duplicate"
        self.seen.add(key)
        if self.gold:
            return "in_gold" if key in self.gold else "train"
        fraction = _fraction(key)
        if fraction < HELD_OUT:
            return "dev"
        return "test" if fraction < 2 * HELD_OUT else "train"


def _fraction(key: bytes) -> float:
    return int.from_bytes(key[:8], "big") / 2**64
