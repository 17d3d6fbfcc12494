"""Records to import, and ways to call import and to read what it wrote."""

import srsly

from helpers.running import LANG, invoke
from import_annotations import import_cli

# Emoji, which some count as two; entities at the edges and side by side; no entity; white space
RECORDS = [
    (
        "\U0001f44d the iPhone 8 \U0001f44d\U0001f44d, and an iPad",
        [(6, 14, "GADGET"), (26, 30, "TABLET")],
    ),
    ("iPad iPad", [(0, 4, "TABLET"), (5, 9, "TABLET")]),
    ("Nothing at all.", []),
    ("Two\n\nlines on  the iPhone 8's\nglass", [(19, 27, "GADGET")]),
    ("قرأت عن Nokia 3310 (القديم)", [(8, 18, "GADGET")]),
]


def run_cli(folder, source, *options, use="gold"):
    """RETURNS (Any): How the door ended, see `invoke`; gold and annotated texts are in the folder."""
    paths = (source, folder / "gold.jsonl", folder / "annotated.jsonl")
    return invoke(import_cli, *paths, "--as", use, "--lang", LANG, *options)


def read(path):
    """RETURNS (list): The records of a file, each a text and its spans."""
    return [
        (r["text"], [(s["start"], s["end"], s["label"]) for s in r["spans"]])
        for r in srsly.read_jsonl(path)
    ]
