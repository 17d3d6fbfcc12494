"""Measure how long suggest takes and how much memory, on more and more texts."""

import tempfile
from pathlib import Path
from typing import Any, Dict, List, Sequence

import srsly
import typer
from tqdm import tqdm
from wasabi import msg

import suggest
from common import clear_errors, staged
from findings import versions
from scale import load_sample, measure, write_repeated

SIZES = (10_000, 100_000)


def benchmark_suggest_cli(
    # fmt: off
    texts: Path = typer.Argument(..., help="Raw texts, JSONL"),
    patterns: Path = typer.Argument(..., help="Match patterns, JSONL"),
    output: Path = typer.Argument(..., help="Output file for the results, JSON"),
    # fmt: on
) -> None:
    """Measure suggest, the first time and later, and print a table."""
    with clear_errors():
        rows = benchmark_suggest(texts, patterns)
        with staged(output) as path:
            srsly.write_json(path, {"versions": versions(), "runs": rows})
        print_results(rows)


def benchmark_suggest(
    texts: Path, patterns: Path, sizes: Sequence[int] = SIZES
) -> List[Dict[str, Any]]:
    """Run suggest twice on each of some numbers of texts; the first time it keeps candidates.

    texts (Path): Raw texts, a file or folder. They are repeated with a running number.
    patterns (Path): Match patterns, JSONL.
    sizes (Sequence[int]): Numbers of texts.
    RETURNS (List[Dict[str, Any]]): For each run "texts", "run" ("first" or "later"),
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
                files = (raw, patterns, gold, answers, Path(name) / "candidates.npz")
                for run in ("first", "later"):
                    cost = measure(suggest.__file__, files)
                    found = len(list(srsly.read_jsonl(answers)))
                    rows.append({"texts": size, "run": run, **cost._asdict(), "suggestions": found})
                    progress.update()
    return rows


def print_results(rows: List[Dict[str, Any]]) -> None:
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
        for row in rows
    ]
    msg.table(table, header=header, divider=True, aligns=list("rlrrr"))


if __name__ == "__main__":
    typer.run(benchmark_suggest_cli)
