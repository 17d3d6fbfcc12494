"""Records that hold a text and more, for a command that gives back what it was given."""

import csv
import gzip
import json
from itertools import groupby, repeat
from pathlib import Path
from typing import Any, Dict, Iterator

from readers import read_texts


def read_records(path: Path) -> Iterator[Dict[str, Any]]:
    """Stream the texts that `read_texts` finds, each with the other keys or columns it came with.

    path (Path): A file or folder that `read_texts` understands.
    YIELDS (Dict[str, Any]): What the line or row holds, by key or column, and the "text".
    RAISES (InputError): If `read_texts` does.
    """
    for file, texts in groupby(read_texts(path), lambda item: item[0].path):
        # In step with the texts, so that what is wrong with a file is told by their reader
        for (_, text), record in zip(texts, _read(file)):
            yield {**record, "text": text}


def _read(path: Path) -> Iterator[Dict[str, Any]]:
    suffixes = path.suffixes[-2:]
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        if ".jsonl" in suffixes:
            yield from (json.loads(line) for line in lines if line.strip())
        elif ".txt" in suffixes:
            yield from repeat({})
        else:
            delimiter = "," if ".csv" in suffixes else "\t"
            decoded = (line.decode("utf-8-sig") for line in lines)
            rows = filter(None, csv.reader(decoded, delimiter=delimiter, strict=True))
            columns = next(rows)
            yield from (dict(zip(columns, row)) for row in rows)
