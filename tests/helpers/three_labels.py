"""A small example with three labels whose matches overlap, are nested, and are the same."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Tuple

from helpers.running import write_jsonl

BRANDS = ["Acme", "Bolt", "Zeta", "Nimbus", "Corvo", "Tellar"]
NEW_BRANDS = ["Vexo", "Ostra"]  # no rule knows them
LINES = ["Phone", "Tab", "Watch", "Buds"]
NEW_LINES = ["Slate", "Ring"]
CURRENCIES = ["dollars", "euros", "pounds"]
FRAMES = [
    "I bought the {gadget} for {price} in {place}",
    "{brand} opened a shop in {place} , says my {person}",
    "My {person} dropped the {gadget} in {place}",
    "Is {price} too much for a {gadget} ? asks my {person}",
    "People in {place} say {brand} pays its {person} {price} a day",
    "We work for {brand} in {place} and know nobody",
    "Nothing new in {place} , my {person} is well",
    "The {person} from {place} met {number} friends",
]
PLACES = ["Oslo", "the north", "a small town", "our street", "the harbour", "May"]
PEOPLE = ["sister", "uncle", "boss", "neighbour", "teacher", "dentist"]
PATTERNS: List[Dict[str, Any]] = [
    # Nested: a brand within a gadget
    *({"label": "BRAND", "pattern": brand} for brand in BRANDS),
    {
        "label": "GADGET",
        "pattern": [
            {"ORTH": {"IN": BRANDS}, "OP": "?"},
            {"ORTH": {"IN": LINES}},
            {"IS_DIGIT": True, "OP": "?"},
        ],
    },
    # Overlapping: "Phone 9 dollars", "Phone 9 US dollars"
    {
        "label": "PRICE",
        "pattern": [
            {"LIKE_NUM": True},
            {"ORTH": "US", "OP": "?"},
            {"LOWER": {"IN": CURRENCIES}},
        ],
    },
    # The same: "Nova" is the first of these two
    {"label": "BRAND", "pattern": [{"LOWER": "nova"}]},
    {"label": "GADGET", "pattern": "Nova"},
]
Spans = List[Tuple[str, str]]
# What the rules find, see assets/README.md
OVERLAPS: List[Tuple[str, Spans]] = [
    ("the Acme Phone 3 is out", [("Acme Phone 3", "GADGET")]),
    ("Acme is out", [("Acme", "BRAND")]),
    ("my Phone 9 dollars", [("Phone 9", "GADGET")]),
    ("my Phone 9 US dollars", [("Phone", "GADGET"), ("9 US dollars", "PRICE")]),
    ("a Nova and a nova", [("Nova", "BRAND"), ("nova", "BRAND")]),
]


def make_records(number: int, seed: int) -> List[Dict[str, Any]]:
    """RETURNS (List[dict]): Gold records; a third of brands and lines are new to the rules."""
    chance = random.Random(seed)
    records = []
    for _ in range(number):
        brands, lines = BRANDS + NEW_BRANDS * 2, LINES + NEW_LINES
        parts = {
            "brand": (chance.choice(brands), "BRAND"),
            "gadget": (
                f"{chance.choice(brands)} {chance.choice(lines)} {chance.randint(2, 9)}",
                "GADGET",
            ),
            "price": (f"{chance.randint(10, 900)} {chance.choice(CURRENCIES)}", "PRICE"),
            "place": (chance.choice(PLACES), ""),
            "person": (chance.choice(PEOPLE), ""),
            "number": (str(chance.randint(2, 999)), ""),
        }
        text, spans = "", []
        for word in chance.choice(FRAMES).split(" "):
            part, label = parts.get(word.strip("{}"), (word, ""))
            start = len(text) + (1 if text else 0)
            text = f"{text} {part}" if text else part
            if label:
                spans.append({"start": start, "end": len(text), "label": label})
        records.append({"text": text, "spans": spans})
    return records


def make_files(folder: Path) -> SimpleNamespace:
    """RETURNS (SimpleNamespace): Paths of texts, patterns, gold and suggestions."""
    gold = make_records(150, seed=1)
    known = {record["text"].casefold() for record in gold}
    texts = [{"text": record["text"]} for record in make_records(600, seed=2)]
    content = {
        "texts": [record for record in texts if record["text"].casefold() not in known],
        "patterns": PATTERNS,
        "gold": gold,
        "suggestions": [],
    }
    paths = {name: folder / f"three_{name}.jsonl" for name in content}
    for name, path in paths.items():
        write_jsonl(path, content[name])
    return SimpleNamespace(**paths)
