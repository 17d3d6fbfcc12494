"""Made-up data, small but large enough to learn from, for the tests of suggest and review."""

import random
from pathlib import Path
from typing import Dict, List

from helpers.running import write_jsonl
from reading.marked import read_marked
from reading.patterns import blank
from suggesting.candidates import load_candidates
from suggesting.suggester import Suggester

FRUITS = ["apple", "pear", "plum", "cherry", "kiwi", "mango", "passion fruit"]
MAKERS = ["Acme Co", "Bolt & Sons", "Zeta Labs"]
OTHERS = ["house", "car", "dog", "big house", "street"]
PATTERNS = [
    {"label": "FRUIT", "pattern": [{"LOWER": "apple"}]},
    {"label": "FRUIT", "pattern": [{"lower": {"REGEX": "^pear$"}}]},
    {"label": "MAKER", "pattern": "Acme Co"},
]


def sentences(number: int = 300) -> List[str]:
    chance = random.Random(0)
    return [
        f"I ate a fresh {chance.choice(FRUITS)} number{i} for lunch and saw a "
        f"{chance.choice(OTHERS)}. She works at {chance.choice(MAKERS)} in the north."
        for i in range(number)
    ]


def make_files(folder: Path) -> Dict[str, Path]:
    """RETURNS (Dict[str, Path]): The arguments of suggest and review, in their order."""
    return {
        "texts": write_jsonl(folder / "texts.jsonl", [{"text": text} for text in sentences()]),
        "patterns": write_jsonl(folder / "patterns.jsonl", PATTERNS),
        "gold": write_jsonl(folder / "gold.jsonl", []),
        "suggestions": write_jsonl(folder / "suggestions.jsonl", []),
        "annotated": write_jsonl(folder / "annotated.jsonl", []),
        "candidates": folder / "candidates.npz",
    }


def make_suggester(files: Dict[str, Path], lang: str = "en") -> Suggester:
    nlp = blank(lang)
    found = load_candidates(files["candidates"], nlp, files["texts"], files["gold"])
    marked = read_marked(nlp, files["annotated"], files["gold"])
    return Suggester(nlp, found, files["patterns"], files["texts"], marked=marked)
