"""Texts with entities as HTML, drawn by displaCy, whatever characters they hold."""

import random
import re
from typing import Any, Dict, List, NamedTuple

from markupsafe import Markup, escape
from spacy import displacy
from spacy.tokens import Doc

from measuring.scores import ERROR_KINDS, entities, errors

# Control characters, tab and line ends aside, and what changes the direction of text: they are
# invisible, and some make a text look other than it is
CONTROLS = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# Classes instead of displaCy's colours, which dark mode could not change
MARK = '<mark class="{css}">{text}<span class="label">{sign}{label}</span></mark>'
RIGHT, WRONG = ("right", "✓ "), ("wrong", "✗ ")  # CSS class and sign
PER_KIND = 50  # texts shown for each kind of error
BEFORE, AFTER = 200, 1000  # characters shown before and after the first error of a long text


class Mark(NamedTuple):
    """A stretch of text to mark, in characters, with a CSS class and a sign before the label."""

    start: int
    end: int
    label: str
    css: str = "found"
    sign: str = ""


def visible(text: str) -> Markup:
    """RETURNS (Markup): The text, safe as HTML, with control characters shown by their code."""
    return Markup(CONTROLS.sub(_code, str(escape(text))))


def draw(text: str, marks: List[Mark], direction: str = "ltr") -> Markup:
    """Draw a text with marked entities.

    text (str): The text.
    marks (List[Mark]): What to mark; nothing may overlap.
    direction (str): Of the script, "ltr" or "rtl".
    RETURNS (Markup): HTML. Nothing in text or labels can act as markup.
    """
    ents = [
        {
            "start": mark.start,
            "end": mark.end,
            # displaCy escapes the text, but not the label
            "label": str(escape(mark.label)),
            "params": {"css": mark.css, "sign": mark.sign},
        }
        for mark in sorted(marks)
    ]
    manual = {"text": text, "ents": ents, "title": None, "settings": {"direction": direction}}
    options = {"template": MARK}
    html = displacy.render(manual, style="ent", manual=True, jupyter=False, options=options)
    return Markup(CONTROLS.sub(_code, html))


def error_examples(
    gold: List[Doc], predicted: List[Doc], direction: str = "ltr"
) -> List[Dict[str, Any]]:
    """Pick texts with errors and draw gold and prediction.

    gold (List[Doc]): The docs with the right entities.
    predicted (List[Doc]): The same with the predicted ones.
    direction (str): Of the script, "ltr" or "rtl".
    RETURNS (List[dict]): At most PER_KIND texts for each kind of error, in the order of the
        corpus: their "kinds" and "labels", and "gold" and "found" as HTML.
    """
    by_kind: Dict[str, List[int]] = {kind: [] for kind in ERROR_KINDS}
    for i, (wanted, found) in enumerate(zip(gold, predicted)):
        for kind in sorted({kind for kind, _, _ in errors(wanted, found)}):
            by_kind[kind].append(i)
    picked = set()
    for indices in by_kind.values():
        # Always the same ones, so that reports can be compared
        picked.update(random.Random(0).sample(indices, min(PER_KIND, len(indices))))
    return [_example(gold[i], predicted[i], direction) for i in sorted(picked)]


def _example(gold: Doc, predicted: Doc, direction: str) -> Dict[str, Any]:
    wrong = errors(gold, predicted)
    right = entities(gold) & entities(predicted)
    spans = [ent for _, *pair in wrong for ent in pair if ent is not None]
    first = min(ent.start_char for ent in spans)
    start, end = max(first - BEFORE, 0), min(first + AFTER, len(gold.text))
    text = "…" * (start > 0) + gold.text[start:end] + "…" * (end < len(gold.text))
    shift = (start > 0) - start

    def side(doc: Doc) -> Markup:
        marks = [
            Mark(s + shift, e + shift, label, *RIGHT if (s, e, label) in right else WRONG)
            for s, e, label in sorted(entities(doc))
            if start <= s and e <= end
        ]
        return draw(text, marks, direction)

    kinds = {kind for kind, _, _ in wrong}
    return {
        "kinds": [kind for kind in ERROR_KINDS if kind in kinds],
        "labels": sorted({ent.label_ for ent in spans}),
        "gold": side(gold),
        "found": side(predicted),
    }


def _code(match: "re.Match[str]") -> str:
    return f'<span class="control">U+{ord(match[0]):04X}</span>'
