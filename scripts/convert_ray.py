"""convert, on a Ray cluster: the same files, byte for byte."""

from pathlib import Path
from typing import Optional

import typer

from common import clear_errors
from convert import convert
from gold import skips
from ray_workers import RayWorkers, connected
from summary import print_summary
from workers import number_of_processes


def convert_ray_cli(
    # fmt: off
    texts: Path = typer.Argument(
        ..., help="Raw texts: .jsonl, .txt, .csv or .tsv, each also .gz, or a folder"
    ),
    patterns: Path = typer.Argument(..., help="Match patterns, JSONL"),
    gold: Path = typer.Argument(..., help="Annotated records, JSONL; may have none"),
    suggestions: Path = typer.Argument(
        ..., help="Suggested terms with answers, JSONL; may have none"
    ),
    corpus: Path = typer.Argument(
        ..., help="Output folder for train/, dev.spacy, test.spacy and stats.json"
    ),
    rules: Path = typer.Argument(..., help="Output folder for the rules as a pipeline"),
    annotated: Optional[Path] = typer.Option(
        None, help="Annotated records to learn from, JSONL; may have none"
    ),
    lang: str = typer.Option("en", help="Language code"),
    address: str = typer.Option(
        "local", help="The cluster: 'auto', HOST:PORT, or 'local' to start one on this machine"
    ),
    n_process: int = typer.Option(1, help="CPUs of one that is started, -1 for all"),
    bad_spans: str = typer.Option(
        "fail", help="'skip' leaves out gold spans that can't be used, 'fail' stops"
    ),
    # fmt: on
) -> None:
    """Label raw texts with match patterns on a Ray cluster and write the corpora."""
    with clear_errors():
        with connected(address, number_of_processes(n_process)):
            stats = convert(
                # Nodes work in other folders
                texts.resolve(),
                patterns,
                gold,
                suggestions,
                corpus.resolve(),
                rules.resolve(),
                annotated=annotated,
                lang=lang,
                skip_bad_spans=skips(bad_spans),
                workers_class=RayWorkers,
            )
        print_summary(stats)


if __name__ == "__main__":
    typer.run(convert_ray_cli)
