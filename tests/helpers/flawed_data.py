"""Made-up data without a flaw, and what flaws need, for the tests of check-data."""

import random
from types import SimpleNamespace

from helpers.running import write_jsonl

NAMES = [
    a + b for a in ("zor", "mel", "tin", "kap", "lum") for b in ("ba", "do", "fix", "ga", "let")
]


WORDS = [
    a + b + c for a in "bdfgk" for b in ("a", "ei", "ou") for c in ("l", "ms", "nt", "rk", "sp")
]


OTHER_WORDS = [word[::-1] for word in WORDS]


def say(chance, number, words=WORDS):
    """RETURNS (str): Some words that mean nothing."""
    return " ".join(chance.choice(words) for _ in range(number))


def record(before, name, after, label="GADGET"):
    """RETURNS (dict): A gold record with one entity, or with none if the label is empty."""
    start = len(before) + 1
    span = {"start": start, "end": start + len(name), "label": label}
    return {"text": f"{before} {name} {after}", "spans": [span] if label else []}


def records(number, seed=0, names=NAMES, words=WORDS, share=0.7, size=7):
    """RETURNS (list): Gold records; so many have an entity."""
    chance = random.Random(seed)
    made = []
    for _ in range(number):
        before, after = say(chance, size, words), say(chance, size, words)
        has_entity = chance.random() < share
        name = chance.choice(names if has_entity else words)
        made.append(record(before, name, after, "GADGET" if has_entity else ""))
    return made


def good_data():
    return SimpleNamespace(
        texts=[{"text": made["text"]} for made in records(300, seed=1)],
        patterns=[{"label": "GADGET", "pattern": [{"LOWER": name}]} for name in NAMES],
        gold=records(320),
        suggestions=[],
        annotated=[],
    )


def files(data, folder):
    """RETURNS (list): The first arguments of the command."""
    return [write_jsonl(folder / f"{name}.jsonl", made) for name, made in vars(data).items()]


def inside_a_word(data):
    data.gold.append({"text": "so zorba", "spans": [{"start": 4, "end": 8, "label": "GADGET"}]})


def odd_one(data):
    data.gold += [record(f"bal {i} dal", "zorba", f"fal {i}") for i in range(12)]
    data.gold.append(record("so far", "zorba", "kal", ""))
