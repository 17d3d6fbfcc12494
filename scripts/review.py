"""Answer suggestions in the terminal with one key each. Every answer is kept at once."""

import os
import re
import sys
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import typer
from wasabi import color, msg
from wasabi.util import supports_ansi

from reading.patterns import blank
from reading.suggestions import Suggestion, read_answers, write_answer
from shared.errors import InputError, clear_errors
from shared.showing import printable
from suggesting.candidates import load_candidates
from suggesting.suggester import Suggester, labels_of

ANSWERS = {"a": "accept", "r": "reject", "i": "ignore"}
KEYS = "(a)ccept  (r)eject  (i)gnore  (u)ndo  (b)ack  (q)uit"
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
    candidates: Path = typer.Argument(..., help="Output file for all candidates, .npz"),
    lang: str = typer.Option("en", help="Language code"),
    n_suggestions: int = typer.Option(
        25, min=1, help="Number of suggestions before they are ranked anew"
    ),
    seed: int = typer.Option(0, help="Seed of the ranking"),
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
        read_answers(nlp, suggestions, labels_of(nlp, patterns))
        found = load_candidates(candidates, nlp, texts, gold)
        suggester = Suggester(nlp, found, patterns, texts, seed)
        Review(suggester, suggestions, n_suggestions).run()


class Review:
    """One sitting: the suggestions it has shown, and the answers it can take back.

    suggester (Suggester): Proposes more when all suggestions are answered.
    path (Path): The suggestions, JSONL.
    n_suggestions (int): How many to propose at a time.
    """

    def __init__(self, suggester: Suggester, path: Path, n_suggestions: int) -> None:
        self.suggester = suggester
        self.path = path
        self.n_suggestions = n_suggestions
        self.queue: List[Suggestion] = []
        self.current = 0
        self.typed: List[str] = []
        # Place in the queue and the answer before, for each answer that can be taken back
        self.done: List[Tuple[int, Optional[str]]] = []
        self.totals(read_answers(suggester.nlp, path, suggester.labels))

    def totals(self, answers: Sequence[Suggestion]) -> None:
        """Count the answers there are."""
        self.n_answers = sum(suggestion.answer is not None for suggestion in answers)
        self.n_matches = sum(map(_matches, answers))

    def run(self) -> None:
        """Show and ask until the person leaves or nothing is left."""
        try:
            while self.current < len(self.queue) or self.fetch():
                self.show(self.queue[self.current])
                if not self.obey(self.key()):
                    break
            else:
                msg.info("Nothing is left that is worth asking")
        except (KeyboardInterrupt, EOFError):
            print()
        print(f"{self.status()}. All of them are in {self.path}")

    def fetch(self) -> bool:
        """RETURNS (bool): Whether there are open suggestions, in the file or new ones."""
        for _ in range(2):
            answers = read_answers(self.suggester.nlp, self.path, self.suggester.labels)
            self.totals(answers)
            answered = {suggestion.key for suggestion in answers if suggestion.answer}
            self.queue += [
                suggestion
                for suggestion in answers
                if suggestion.answer is None and suggestion.key not in answered
            ]
            if self.current < len(self.queue):
                return True
            print("Ranking the terms by all answers so far ...")
            if not self.suggester.add(self.path, self.n_suggestions):
                return False
        return False

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
            self.done.append((self.current, self.queue[self.current].answer))
            self.answer(ANSWERS[key])
            self.current += 1
        elif key == "u" and self.done:
            self.current, before = self.done.pop()
            self.answer(before)
        elif key == "b" and self.current:
            self.current -= 1
        return key not in ("q", "\x03", "\x04", "")

    def answer(self, answer: Optional[str]) -> None:
        """Write the answer to the current question, and only then count it."""
        before = self.queue[self.current]
        after = write_answer(before, answer)
        self.queue[self.current] = after
        self.n_answers += (after.answer is not None) - (before.answer is not None)
        self.n_matches += _matches(after) - _matches(before)
        if answer:
            print(_paint(answer, COLORS[answer]))

    def show(self, suggestion: Suggestion) -> None:
        """Print a question with its examples, the term highlighted."""
        record = suggestion.record
        print(f"\n{'-' * 72}\n{self.status()}\n")
        term = _paint(printable(record["text"]), "cyan")
        print(f"Is this always {printable(record['label'])}?  {term}  ({_count(record)} times)\n")
        examples = record.get("examples")
        for example in examples if isinstance(examples, list) else []:
            print(f"  {_highlight(printable(str(example)), suggestion.words)}")
        if suggestion.answer:
            print(f"\nYour answer: {_paint(suggestion.answer, COLORS[suggestion.answer])}")
        print(f"\n{KEYS}", flush=True)

    def status(self) -> str:
        """RETURNS (str): How much is done and gained."""
        return f"{self.n_answers} answers, about {self.n_matches:,} more matches in the texts"


def _matches(suggestion: Suggestion) -> int:
    """RETURNS (int): How many matches the answer adds."""
    return _count(suggestion.record) if suggestion.answer == "accept" else 0


def _count(record: dict) -> int:
    count = record.get("count")  # people may have written the line
    return count if isinstance(count, int) else 0


def _highlight(text: str, words: Sequence[str]) -> str:
    term = r"\s*".join(re.escape(printable(word)) for word in words)
    return re.sub(
        rf"(?<!\w){term}(?!\w)", lambda match: _paint(match.group(), "cyan"), text, flags=re.I
    )


def _paint(text: str, name: str) -> str:
    """RETURNS (str): The text in colour, or between marks where there is none."""
    dumb = os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
    return f"[{text}]" if dumb or not supports_ansi() else color(text, fg=name, bold=True)


if __name__ == "__main__":
    typer.run(review_cli)
