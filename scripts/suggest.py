"""Propose terms of the raw texts that may be entities, for a person to accept or reject."""

from pathlib import Path
from typing import Any, Dict, Sequence

import typer
from wasabi import msg

from reading.patterns import blank
from reading.suggestions import Suggestion, read_answers
from shared.errors import clear_errors
from shared.showing import printable
from suggesting.candidates import load_candidates
from suggesting.suggester import Suggester, labels_of


def suggest_cli(
    # fmt: off
    texts: Path = typer.Argument(
        ..., help="Raw texts: .jsonl, .txt, .csv or .tsv, each also .gz, or a folder"
    ),
    patterns: Path = typer.Argument(..., help="Match patterns, JSONL"),
    gold: Path = typer.Argument(..., help="Annotated records, JSONL; their texts are left out"),
    suggestions: Path = typer.Argument(
        ..., help="Suggested terms with answers, JSONL; new ones are added"
    ),
    candidates: Path = typer.Argument(..., help="Output file for all candidates, .npz"),
    lang: str = typer.Option("en", help="Language code"),
    n_suggestions: int = typer.Option(25, min=1, help="Number of suggestions to add"),
    seed: int = typer.Option(0, help="Seed of the ranking"),
    # fmt: on
) -> None:
    """Add the terms that are most worth a question to the suggestions."""
    with clear_errors():
        nlp = blank(lang)
        # What a person can mend is said before the long part
        read_answers(nlp, suggestions, labels_of(nlp, patterns))
        found = load_candidates(candidates, nlp, texts, gold)
        suggester = Suggester(nlp, found, patterns, texts, seed)
        added = suggester.add(suggestions, n_suggestions)
        print_summary(added, read_answers(nlp, suggestions, suggester.labels), suggestions)


def print_summary(
    added: Sequence[Dict[str, Any]], answers: Sequence[Suggestion], path: Path
) -> None:
    """Print the new suggestions and what to do next."""
    if added:
        rows = [
            (
                printable(record["text"])[:40],
                printable(record["label"]),
                record["count"],
                f"{record['score']:.2f}",
            )
            for record in added
        ]
        header = ("Term", "Label", "Count", "Score")
        msg.table(rows, header=header, aligns=("l", "l", "r", "r"), divider=True)
        msg.good(f"Added {len(added)} suggestion(s) to {path}")
    else:
        msg.info("Nothing is left that is worth asking", "Add texts or patterns to go on.")
    n_open = sum(suggestion.answer is None for suggestion in answers)
    if n_open:
        print(
            f"{n_open} wait for an answer: run review, or write accept, reject or ignore "
            'as "answer" into the file.'
        )


if __name__ == "__main__":
    typer.run(suggest_cli)
