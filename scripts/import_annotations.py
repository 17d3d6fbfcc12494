"""Add annotations that people already have to the gold annotations or to the annotated texts."""

from pathlib import Path
from typing import Optional

import typer

from importing.adding import import_annotations, parse_label_map
from importing.counting import WAYS, check_way
from importing.formats import AUTO, FORMATS
from importing.summary import print_result
from reading.gold import skips
from reading.lines import make_missing
from shared.commands import run
from shared.errors import InputError, clear_errors

USES = ("gold", "train")


def import_cli(
    # fmt: off
    source: str = typer.Argument(..., help="The annotations: a file, or a folder of them"),
    gold: Path = typer.Argument(..., help="Annotated records to measure with, JSONL"),
    annotated: Path = typer.Argument(..., help="Annotated records to learn from, JSONL"),
    use: str = typer.Option(
        ..., "--as", help="'gold' adds them to the former, 'train' to the latter"
    ),
    format_: str = typer.Option(AUTO, "--format", help=f"{AUTO}, {', '.join(FORMATS)}"),
    label_map: str = typer.Option(
        "",
        help="New names of labels, ORG=BRAND,PER=PERSON; ORG= leaves a label out, *= all others",
    ),
    lang: str = typer.Option("en", help="Language code"),
    bad_spans: str = typer.Option(
        "fail", help="'skip' leaves out spans that can't be used, 'fail' stops"
    ),
    offsets_: str = typer.Option(
        AUTO, "--offsets", help=f"What offsets count: {', '.join((AUTO, *WAYS))}"
    ),
    patterns: Optional[Path] = typer.Option(
        None, help="Patterns, JSONL, to tell which labels of the file are in use"
    ),
    # fmt: on
) -> None:
    """Read annotations in other formats and add what is new."""
    with clear_errors():
        if not source:
            raise InputError("Nothing to import", remedy="Name it with --vars.source FILE.")
        if use not in USES:
            raise InputError(
                "What are the annotations for?",
                remedy="Add --vars.as gold to measure with them, or --vars.as train to learn "
                "from them.",
            )
        target, other = (gold, annotated) if use == "gold" else (annotated, gold)
        make_missing(*{target, annotated})
        result = import_annotations(
            Path(source),
            target,
            other,
            keep_out=use == "train",
            format_=format_,
            label_map=parse_label_map(label_map),
            lang=lang,
            skip_bad_spans=skips(bad_spans),
            offsets_=check_way(offsets_),
            patterns=patterns,
        )
        print_result(result, target, other)


if __name__ == "__main__":
    run(import_cli)
