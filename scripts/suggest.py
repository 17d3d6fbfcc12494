"""Propose terms of the raw texts that may be entities, for a person to accept or reject."""

from pathlib import Path
from typing import Any, Dict, List, Sequence

import typer
from wasabi import msg

from reading.lines import make_missing
from reading.marked import read_marked
from reading.patterns import blank
from reading.suggestions import Suggestion, read_answers
from shared.commands import MAX_SEED, run
from shared.errors import clear_errors
from shared.showing import printable
from shared.vectors import find_vectors
from suggesting.asking import how_many_more
from suggesting.candidates import load_candidates
from suggesting.suggester import Suggester, labels_of

# Means of what the simulated person of the benchmark accepts, in 130 draws of the patterns for food and
# fashion; tests/test_suggest_few.py measures a part of it
FEW_REMEDY = (
    "More rules make better suggestions. In tests on real texts a person accepted, of the first 25, "
    "8 with under 10 matches, 10 with 10 to 29, 13 with 30 to 99, 14 with 100 to 299, and 19 with more."
)
# Below it less than half of what is proposed is right
TOO_FEW_MATCHES = 30


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
    annotated: Path = typer.Argument(
        ..., help="Annotated records to learn from, JSONL; what is marked there is not asked"
    ),
    candidates: Path = typer.Argument(..., help="Output file for all candidates, .npz"),
    lang: str = typer.Option("en", help="Language code"),
    n_suggestions: int = typer.Option(25, min=1, help="Number of suggestions to add"),
    seed: int = typer.Option(0, min=0, max=MAX_SEED, help="Seed of the ranking"),
    vectors: str = typer.Option("null", help="Package or folder with word vectors, null for none"),
    # fmt: on
) -> None:
    """Add the terms that are most worth a question to the suggestions."""
    with clear_errors():
        nlp = blank(lang)
        make_missing(suggestions)
        # What a person can mend is said before the long part
        answers = read_answers(nlp, suggestions, labels_of(nlp, patterns))
        source = find_vectors(vectors, lang)
        found = load_candidates(candidates, nlp, texts, gold)
        marked = read_marked(nlp, annotated, gold)
        suggester = Suggester(nlp, found, patterns, texts, seed, source, marked)
        warn_of_few(suggester.few_matches(answers), suggestions)
        added = suggester.add(suggestions, n_suggestions)
        print_summary(added, read_answers(nlp, suggestions, suggester.labels), suggestions)


def print_summary(added: List[Dict[str, Any]], answers: Sequence[Suggestion], path: Path) -> None:
    """Print the new suggestions, the highest score first, and what to do next."""
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
        print("Score, 0 to 1: how much a term, and what is around it in the texts, is like what")
        print("the rules know and you accepted.\n")
        msg.good(f"Added {len(added)} suggestion(s) to {path}")
    else:
        msg.info("Nothing is left that is worth asking", "Add texts or patterns to go on.")
    n_open = sum(suggestion.answer is None for suggestion in answers)
    if n_open:
        print(f"{n_open} wait for an answer: run review, or write accept, reject or ignore as")
        print('"answer" into the file.')
    print(how_many_more(answers))


def warn_of_few(few: Dict[str, int], path: Path) -> None:
    """Say for which labels there is little to learn from, and what that costs.

    few (Dict[str, int]): The number of matches by label.
    path (Path): Where the suggestions go.
    """
    if few:
        matches = ", ".join(f"{number} of {printable(label)}" for label, number in few.items())
        msg.warn(f"Few matches to learn from: {matches}", FEW_REMEDY)
    if any(number < TOO_FEW_MATCHES for number in few.values()):
        print("Write more rules first: most suggestions will be wrong. A line without an answer")
        print(f"does nothing: to throw it away, delete it from {printable(path.as_posix())}.\n")


if __name__ == "__main__":
    run(suggest_cli)
