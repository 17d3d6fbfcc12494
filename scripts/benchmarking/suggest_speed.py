"""Measure how long suggest takes and how much memory, on more and more texts."""

import tempfile
from pathlib import Path
from typing import Any, Dict, Sequence

import srsly
from tqdm import tqdm
from wasabi import msg

from benchmarking.cost import load_sample, measure, write_repeated
from measuring.words import versions

DOOR = Path(__file__).parents[1] / "suggest.py"
SIZES = (10_000, 100_000)


def benchmark_suggest(texts: Path, patterns: Path, sizes: Sequence[int] = SIZES) -> Dict[str, Any]:
    """Run suggest twice on each of some numbers of texts; the first time it keeps candidates.

    texts (Path): Raw texts, a file or folder. They are repeated with a running number.
    patterns (Path): Match patterns, JSONL.
    sizes (Sequence[int]): Numbers of texts.
    RETURNS (dict): "versions", and "runs": for each "texts", "run" ("first" or "later"),
        "seconds", "megabytes" (the most it had; None on Windows), and "suggestions".
    RAISES (InputError): If texts or patterns are not usable.
    """
    sample = load_sample(texts, patterns)
    rows = []
    with tqdm(desc="Measuring", total=2 * len(sizes), unit=" runs", disable=None) as progress:
        for size in sizes:
            with tempfile.TemporaryDirectory() as name:
                raw, gold, answers = (Path(name) / f"{n}.jsonl" for n in ("texts", "gold", "s"))
                write_repeated(raw, sample, size)
                gold.touch()
                answers.touch()
                annotated, cache = Path(name) / "annotated.jsonl", Path(name) / "candidates.npz"
                files = (raw, patterns, gold, answers, annotated, cache)
                for run in ("first", "later"):
                    cost = measure(DOOR, files)
                    found = len(list(srsly.read_jsonl(answers)))
                    rows.append({"texts": size, "run": run, **cost._asdict(), "suggestions": found})
                    progress.update()
    return {"versions": versions(), "runs": rows}


def print_results(results: Dict[str, Any]) -> None:
    """Print one table of at most 80 columns."""
    header = ["Texts", "Run", "Seconds", "Seconds per 10,000", "Peak MB"]
    table = [
        (
            f"{row['texts']:,}",
            row["run"],
            f"{row['seconds']:,.1f}",
            f"{row['seconds'] / row['texts'] * 10_000:.2f}",
            "-" if row["megabytes"] is None else f"{row['megabytes']:,.0f}",
        )
        for row in results["runs"]
    ]
    msg.table(table, header=header, divider=True, aligns=list("rlrrr"))
