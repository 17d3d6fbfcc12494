"""Answer suggestions in the terminal with one key each. Every answer is kept at once."""

import os
import shutil
import sys
from pathlib import Path
from typing import List, Tuple

import typer
from wasabi import color, msg
from wasabi.util import supports_ansi

from reading.lines import make_missing
from reading.marked import read_marked
from reading.patterns import blank
from reading.suggestions import read_answers
from shared.commands import MAX_SEED, run
from shared.errors import InputError, clear_errors
from shared.showing import printable, shorten
from shared.vectors import find_vectors
from suggesting.asking import Asking, count_of, examples_of, how_many_more, question
from suggesting.candidates import load_candidates
from suggesting.suggester import Suggester, labels_of

ANSWERS = {"a": "accept", "r": "reject", "i": "ignore"}
KEYS = "(a)ccept  (r)eject  (i)gnore  (u)ndo the last  (b)ack, answers stay  (q)uit"
MARGIN = 4  # columns around an example: two before it, and marks where there are no colours
Parts = List[Tuple[str, bool]]
COLORS = {"accept": "green", "reject": "red", "ignore": "yellow"}


def review_cli(
    # fmt: off
    texts: Path = typer.Argument(
        ..., help="Raw texts: .jsonl, .txt, .csv or .tsv, each also .gz, or a folder"
    ),
    patterns: Path = typer.Argument(..., help="Match patterns, JSONL"),
    gold: Path = typer.Argument(..., help="Annotated records, JSONL; their texts are left out"),
    suggestions: Path = typer.Argument(
        ..., help="Suggested terms with answers, JSONL; answers are written into it"
    ),
    annotated: Path = typer.Argument(
        ..., help="Annotated records to learn from, JSONL; what is marked there is not asked"
    ),
    candidates: Path = typer.Argument(..., help="Output file for all candidates, .npz"),
    lang: str = typer.Option("en", help="Language code"),
    n_suggestions: int = typer.Option(
        25, min=1, help="Number of suggestions before they are ranked anew"
    ),
    seed: int = typer.Option(0, min=0, max=MAX_SEED, help="Seed of the ranking"),
    vectors: str = typer.Option("null", help="Package or folder with word vectors, null for none"),
    # fmt: on
) -> None:
    """Accept or reject suggested terms, one key each."""
    with clear_errors():
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise InputError(
                "Review asks questions, and there is no terminal to ask them in",
                remedy=f'Run it in a terminal, or write accept, reject or ignore as "answer" '
                f"into {suggestions}.",
            )
        nlp = blank(lang)
        make_missing(suggestions)
        read_answers(nlp, suggestions, labels_of(nlp, patterns))
        source = find_vectors(vectors, lang)
        found = load_candidates(candidates, nlp, texts, gold)
        marked = read_marked(nlp, annotated, gold)
        suggester = Suggester(nlp, found, patterns, texts, seed, source, marked)
        asking = Asking(suggester, suggestions, n_suggestions)
        try:
            Review(asking).run()
        finally:
            asking.close()


class Review:
    """Asks in the terminal.

    asking (Asking): The questions and answers.
    """

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.typed: List[str] = []

    def run(self) -> None:
        """Show and ask until the person leaves or nothing is left."""
        try:
            while self.asking.question or self.fetch():
                self.show()
                if not self.obey(self.key()):
                    break
            else:
                msg.info("Nothing is left that is worth asking")
        except (KeyboardInterrupt, EOFError):
            print()
        print(f"{self.asking.status()}. All of them are in {self.asking.path}")
        print(how_many_more(self.asking.read()))

    def fetch(self) -> bool:
        """RETURNS (bool): Whether there are open suggestions, in the file or new ones."""
        if self.asking.fetch():
            return True
        print("Ranking the terms by all answers so far ...")
        return self.asking.add(self.asking.rank())

    def key(self) -> str:
        """RETURNS (str): The next key, "" if the terminal is gone."""
        if not self.typed:
            typed = typer.getchar()
            # An arrow key comes as several characters, and no letter of them is meant
            self.typed = [] if typed.startswith(("\x1b", "\xe0", "\x00")) else list(typed)
            if not self.typed:
                return "" if not typed else "\x1b"
        return self.typed.pop(0).lower()

    def obey(self, key: str) -> bool:
        """RETURNS (bool): False if the key, or a terminal that is gone, ends the sitting."""
        if key in ANSWERS:
            self.asking.answer(ANSWERS[key])
            print(_paint(ANSWERS[key], COLORS[ANSWERS[key]]))
        elif key == "u":
            print("Taken back" if self.asking.undo() else "There is no answer to take back")
        elif key == "b" and not self.asking.back():
            print("This is the first question")
        return key not in ("q", "\x03", "\x04", "")

    def show(self) -> None:
        """Print the question with its examples, the term highlighted."""
        suggestion = self.asking.question
        assert suggestion
        record = suggestion.record
        width = shutil.get_terminal_size().columns
        print(f"\n{'-' * min(width, 80)}\n{self.asking.status()}, {self.asking.left():,} left\n")
        term = _paint(printable(record["text"]), "cyan")
        count = count_of(suggestion)
        times = {0: "", 1: "(once)"}.get(count, f"({count:,} times)")
        print(f"{question(suggestion)}  {term}  {times}".rstrip() + "\n")
        for example in examples_of(suggestion):
            parts = fit(example, width - MARGIN)
            shown = (_paint(part, "cyan") if is_term else part for part, is_term in parts)
            print(f"  {''.join(shown)}")
        if suggestion.answer:
            print(f"\nYour answer: {_paint(suggestion.answer, COLORS[suggestion.answer])}")
        print(f"\n{KEYS}", flush=True)


def fit(parts: Parts, width: int) -> Parts:
    """Cut an example so that it fits a line, with the term in its middle.

    parts (Parts): Each part, and whether it is the term.
    width (int): Columns for all of them.
    RETURNS (Parts): What is left of the parts.
    """
    text = "".join(part for part, _ in parts)
    places = [i for i, (_, is_term) in enumerate(parts) if is_term]
    if len(text) <= width or not places:
        return [(shorten(text, width), False)] if len(text) > width else parts
    first = places[0]
    before = "".join(part for part, _ in parts[:first])
    term = parts[first][0]
    after = text[len(before) + len(term) :]
    room = max(width - len(term), 2)
    left = max(room // 2, room - len(after))
    if len(before) > left:
        before = "…" + before[len(before) - left + 1 :]
    return [(before, False), (term, True), (shorten(after, max(room - len(before), 1)), False)]


def _paint(text: str, name: str) -> str:
    """RETURNS (str): The text in colour, or between marks where there is none."""
    dumb = os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
    return f"[{text}]" if dumb or not supports_ansi() else color(text, fg=name, bold=True)


if __name__ == "__main__":
    run(review_cli)
