"""Label raw texts with the rules and write the corpora that training and evaluation read."""

from shared.watching import watch

if __name__ == "__main__":
    watch()  # before the other imports, which take their time

from contextlib import nullcontext
from pathlib import Path
from typing import List, Optional

import typer
from wasabi import msg

from labelling.corpus import convert
from labelling.summary import print_summary
from reading.gold import skips
from reading.lines import make_missing
from shared.commands import run
from shared.errors import clear_errors
from shared.project import check_package_name
from shared.ray_workers import RayWorkers, connected
from shared.workers import Workers, number_of_processes


def convert_cli(
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
    n_process: int = typer.Option(
        1, help="Number of processes, or CPUs of a Ray cluster that is started; -1 for all cores"
    ),
    ray_address: str = typer.Option(
        "", help="A Ray cluster: 'auto', HOST:PORT, or 'local' to start one; '' to use none"
    ),
    bad_spans: str = typer.Option(
        "fail", help="'skip' leaves out gold spans that can't be used, 'fail' stops"
    ),
    max_seconds: float = typer.Option(
        10, help="Seconds that a text may take, else it is left out; 0 for any time"
    ),
    # fmt: on
) -> None:
    """Label raw texts with match patterns and write training, dev and test corpora."""
    with clear_errors():
        check_package_name(lang)  # rather than after the training
        make_missing(suggestions, *filter(None, [annotated]))
        training_files = (corpus / "train", corpus / "dev.spacy")
        before = checksums(*training_files)
        number = number_of_processes(n_process)
        with connected(ray_address, number) if ray_address else nullcontext():
            stats = convert(
                # The nodes of a cluster work in other folders
                texts.resolve() if ray_address else texts,
                patterns,
                gold,
                suggestions,
                corpus.resolve() if ray_address else corpus,
                rules.resolve() if ray_address else rules,
                annotated=annotated,
                lang=lang,
                n_process=n_process,
                skip_bad_spans=skips(bad_spans),
                max_seconds=max_seconds,
                workers_class=RayWorkers if ray_address else Workers,
            )
        print_summary(stats, corpus / "stats.json")
        if before and checksums(*training_files) == before:
            msg.info(
                "The training texts are the same as before",
                "Unless something else has changed, train is skipped.",
            )


def checksums(*paths: Path) -> List[str]:
    """RETURNS (List[str]): What Weasel tells by whether files or folders changed, [] if one of them is
    missing."""
    if not all(path.exists() for path in paths):
        return []
    # Only now, since it takes a quarter of a second
    from weasel.util.hashing import get_checksum

    return [get_checksum(path) for path in paths]


if __name__ == "__main__":
    run(convert_cli)
