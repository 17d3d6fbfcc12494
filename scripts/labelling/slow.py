"""Texts that take too long to label: they are left out, and the rule that takes the time is named."""

from collections import Counter
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Collection, Dict, Iterator, List, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from wasabi import msg

from labelling.matching import Labeller, ruler_of
from reading.lines import Line
from reading.texts import read_texts
from shared import watching
from shared.errors import InputError
from shared.showing import printable, shorten, show_pattern

# If one rule takes too long on more texts, it is the rule that is to be mended
MAX_TEXTS = 10
MAX_SHOWN = 10
MAX_PATTERN = 100
REMEDY = (
    "Make it simpler, with less to try in regular expressions, operators with smaller numbers, shorter "
    "words. Or set vars.max_seconds higher."
)
# Of the limit: a text that takes more is told of, since the next time it may take too long
NEAR = 0.5


class WatchedLabeller:
    """Labels texts, and notes which one it is at.

    label (Labeller): Labels texts.
    max_seconds (float): How long a text may take, 0 for any time.
    """

    def __init__(self, label: Labeller, max_seconds: float) -> None:
        self.label = label
        self.nlp = label.nlp
        self.patience = NEAR * max_seconds or float("inf")
        self.slow: Counter = Counter()  # the milliseconds, by the number of a text that was slow

    def __call__(self, number: int, text: str) -> Tuple[Doc, List[str]]:
        """Label one text.

        number (int): Its number among all texts, from 0.
        text (str): The text.
        RETURNS (Tuple[Doc, List[str]]): What the labeller returns.
        """
        start = perf_counter()
        result = watching.do(number + 1, self.label, text)
        seconds = perf_counter() - start
        if seconds > self.patience:
            self.slow[number] = round(1000 * seconds)
        return result


def label_again(label: Labeller, docs: List[Doc]) -> List[Doc]:
    """Label texts that people annotated, and note which line each is from.

    label (Labeller): Labels texts.
    docs (List[Doc]): The docs of `load_gold`.
    RETURNS (List[Doc]): The same texts with the rules' entities.
    """
    lines = watching.lines((doc.user_data["line"], doc.text) for doc in docs)
    return [label(text)[0] for _, text in lines]


def refuse_slow_lines() -> None:
    """Raise an InputError if an earlier attempt was stuck at a line of a file that is no raw text."""
    for found in watching.stuck():
        if found["kind"] == "line":
            raise InputError(
                f"To use this {_took(found)}", Path(found["path"]), found["at"], REMEDY
            )


def refuse_slow_rules(rules: List[Dict[str, Any]]) -> None:
    """Raise an InputError if an earlier attempt was stuck at a rule, before any text."""
    for found in watching.stuck():
        if found["kind"] == "rule":
            rule = rules[found["at"] - 1]
            raise InputError(
                f"To use the rule '{rule['id']}' {_took(found)}: "
                f"{shorten(show_pattern(rule['pattern']), MAX_PATTERN)}",
                remedy=REMEDY,
            )


def find_slow_texts(texts: Path, nlp: Language) -> Dict[int, Dict[str, Any]]:
    """Tell which texts earlier attempts were stuck at, and by what.

    The watch only sees which text it is. So that is tried alone first, with one rule after the
    other. If the watch must end that as well, the rule is known. If not, the text may not be to
    blame, and is labelled with the others; the second time that they are stuck there it is.

    texts (Path): The raw texts.
    nlp (Language): The rules pipeline.
    RETURNS (Dict[int, Dict[str, Any]]): For the number of each text to be left out, its "file" and
        "line", "why", and the id of the "rule", if it is one.
    RAISES (InputError): If one rule takes too long on many texts.
    """
    found = watching.stuck()
    trials = {entry["text"]: entry for entry in found if entry["kind"] == "trial"}
    times = Counter(entry["at"] - 1 for entry in found if entry["kind"] == "text")
    slow: Dict[int, Dict[str, Any]] = {}
    for number, where, text in _pick(texts, times):
        rule: Optional[Dict[str, Any]] = None
        if number not in trials and times[number] < 2:
            _try_alone(nlp, number, text)
            continue
        if number not in trials:
            why = "labelling it fails again and again"
        elif trials[number]["at"] == 1:
            why = f"to cut it into tokens {_took(trials[number])}"
        else:
            rule = ruler_of(nlp).patterns[trials[number]["at"] - 2]
            why = f"the rule '{rule['id']}' {_took(trials[number])}"
        place = {"file": str(where.path), "line": where.number}
        slow[number] = {**place, "rule": rule and rule["id"], "why": why}
        msg.warn(f"{where.path}, {where.place} is left out: {printable(why)}")
        if rule and sum(rule["id"] == other["rule"] for other in slow.values()) > MAX_TEXTS:
            raise InputError(
                f"The rule '{rule['id']}' takes too long on more than {MAX_TEXTS} texts: "
                f"{shorten(show_pattern(rule['pattern']), MAX_PATTERN)}",
                remedy=REMEDY,
            )
    return slow


def tell_slow_texts(texts: Path, slow: Counter, max_seconds: float) -> None:
    """Print which texts are labelled, but were near the limit.

    texts (Path): The raw texts.
    slow (Counter): Their numbers, and the milliseconds that they took.
    max_seconds (float): The limit.
    """
    if not slow:
        return
    msg.warn(
        f"{len(slow):,} text(s) took a long time to label:",
        f"One that takes more than {max_seconds:g} s (vars.max_seconds) is left out.",
    )
    for number, where, _ in _pick(texts, dict(slow.most_common(MAX_SHOWN))):
        print(f"  {where.path}, {where.place}: {slow[number] / 1000:.1f} s")
    if len(slow) > MAX_SHOWN:
        print(f"  ... and {len(slow) - MAX_SHOWN:,} that took less")


def _try_alone(nlp: Language, number: int, text: str) -> None:
    watching.note("trial", text=number)
    doc = watching.do(1, nlp.make_doc, text)
    for place, rule in enumerate(ruler_of(nlp).patterns, 2):
        doc.ents = ()  # type: ignore[assignment]
        watching.do(place, Labeller(nlp, [rule]).label, doc)


def _pick(texts: Path, numbers: Collection[int]) -> Iterator[Tuple[int, Line, str]]:
    """YIELDS (Tuple[int, Line, str]): Number, place and text of some texts."""
    up_to = max(numbers, default=-1) + 1
    for number, (where, text) in enumerate(islice(read_texts(texts), up_to)):
        if number in numbers:
            yield number, where, text


def _took(found: Dict[str, Any]) -> str:
    return (
        "needs too much memory, or crashes"
        if "died" in found
        else f"takes more than {found['limit']:g} s"
    )
