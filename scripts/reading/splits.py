"""Which text goes where, decided by the text alone."""

import hashlib
from typing import Dict, Iterable, Mapping, Union

import numpy as np

# Without gold annotations, this share of the texts goes to dev and as much again to test
HELD_OUT = 0.1
# More would only make every evaluation slower, and training holds all of dev in memory
MAX_HELD_OUT = 2000
# What can become of a raw text; `split` gives the places in this list. "surplus" texts would be
# dev or test, but there are enough; they must not go to train, or more texts would move them.
SIDES = ("train", "dev", "test", "empty", "duplicate", "in_gold", "surplus", "annotated")
TRAIN, DEV, TEST, EMPTY, DUPLICATE, IN_GOLD, SURPLUS, ANNOTATED = range(len(SIDES))
KEY_SIZE = 16


def text_hash(text: str) -> bytes:
    """RETURNS (bytes): 16 bytes that are the same for texts equal but for case and white space."""
    folded = " ".join(text.casefold().split())
    return hashlib.blake2b(folded.encode("utf8"), digest_size=KEY_SIZE).digest()


def bare_hash(text: str) -> bytes:
    """RETURNS (bytes): 16 bytes that are the same for texts equal but for case and white space,
    even where only one of them has any: some formats write a space around every token."""
    return text_hash("".join(text.split()))


def reserve(texts: Iterable[str]) -> Dict[bytes, bytes]:
    """RETURNS (Dict[bytes, bytes]): For annotated texts, their hashes by those without space."""
    return {bare_hash(text): text_hash(text) for text in texts}


def key_of(text: str, reserved: Mapping[bytes, bytes]) -> bytes:
    """RETURNS (bytes): The text's hash. Where it differs from a reserved text in white space
    alone it is that one's hash: the text is the same, from a format that keeps no spaces."""
    return (reserved and reserved.get(bare_hash(text))) or text_hash(text)


def _fraction(text: str) -> float:
    """RETURNS (float): What decides on the text's side, 0 to 1."""
    return int.from_bytes(text_hash(text)[:8], "big") / 2**64


def held_out_by_hash(text: str) -> bool:
    """RETURNS (bool): Whether a raw text goes to dev or test if there is no gold."""
    return _fraction(text) < 2 * HELD_OUT


def gold_side(text: str) -> str:
    """RETURNS (str): "dev" or "test", where about half of the gold records go each."""
    return "dev" if _fraction(text) < 0.5 else "test"


def split(
    keys: Union[bytes, bytearray], gold_texts: Iterable[str], annotated_texts: Iterable[str] = ()
) -> np.ndarray:
    """Assign raw texts to train, dev and test by their hashes, or say why they are dropped.

    So a text is never on two sides, and never changes from train to another or back, whatever
    is added later. Of equal texts the first is taken. If there are gold texts they are dev and
    test and all other texts are train. Otherwise dev and test are held out, MAX_HELD_OUT texts
    each at most, those with the smallest hashes.

    keys (bytes or bytearray): The hashes of all raw texts, one after the other. With what is returned, some
        20 bytes a text are all that is held in memory.
    gold_texts (Iterable[str]): The texts of the gold records. They never go into train.
    annotated_texts (Iterable[str]): The texts that people annotated to learn from.
    RETURNS (np.ndarray): For each text a number, the place in SIDES.
    """
    column = np.frombuffer(keys, f"V{KEY_SIZE}")
    heads = np.frombuffer(keys, "uint8")[::KEY_SIZE] >> 4
    high = np.frombuffer(keys, ">u8")[::2]
    gold, annotated = (
        np.frombuffer(b"".join(sorted(map(text_hash, texts))), column.dtype)
        for texts in (gold_texts, annotated_texts)
    )
    sides = np.full(len(column), DUPLICATE, "uint8")
    for head in range(16):  # part by part, since to sort takes several times the memory
        rows = np.flatnonzero(heads == head)
        _, first = np.unique(column[rows], return_index=True)
        rows = rows[first]
        fraction = high[rows] / 2**64
        if len(gold):
            sides[rows] = np.where(np.isin(column[rows], gold), IN_GOLD, TRAIN)
        else:
            sides[rows] = np.select(
                [fraction < HELD_OUT, fraction < 2 * HELD_OUT], [DEV, TEST], TRAIN
            )
        sides[rows[np.isin(column[rows], annotated) & (sides[rows] != IN_GOLD)]] = ANNOTATED
    sides[column == np.frombuffer(text_hash(""), column.dtype)] = EMPTY
    for side in (DEV, TEST):
        rows = np.flatnonzero(sides == side)
        sides[rows[np.argsort(high[rows], kind="stable")][MAX_HELD_OUT:]] = SURPLUS
    return sides
