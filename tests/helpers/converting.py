"""Ways to call convert on the fixture `inputs`, and to read what it wrote."""

import csv
from pathlib import Path
from typing import Any, Dict, List

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from convert import convert_cli
from helpers.running import LANG, invoke
from labelling.corpus import convert

VOCAB = Vocab()


def run_cli(inputs, *options) -> Any:
    """RETURNS (Any): How the door ended, see `invoke`."""
    paths = (inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions)
    return invoke(convert_cli, *paths, inputs.corpus, inputs.rules, "--lang", LANG, *options)


def run_convert(inputs, lang: str = LANG, **options) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What convert counted."""
    paths = (inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions)
    return convert(*paths, inputs.corpus, inputs.rules, lang=lang, **options)


def read_docs(path: Path) -> List[Doc]:
    """RETURNS (List[Doc]): The docs of a .spacy file, or of a folder of them."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [doc for file in files for doc in DocBin().from_disk(file).get_docs(VOCAB)]


def texts_of(path: Path) -> List[str]:
    return [doc.text for doc in read_docs(path)]


def made(inputs) -> Dict[Path, bytes]:
    """RETURNS (Dict[Path, bytes]): Everything that convert wrote."""
    files = [*inputs.corpus.rglob("*"), *inputs.rules.rglob("*")]
    return {path: path.read_bytes() for path in files if path.is_file()}


def as_csv(path: Path, texts, delimiter: str = ",") -> None:
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "text"])
        writer.writerows(enumerate(texts))
