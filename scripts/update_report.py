"""Write the report of an update: what it brought, what it cost, and texts where it forgot."""

from pathlib import Path
from typing import Any, Dict, List, Tuple

from spacy.tokens import Doc

from common import staged
from display import RIGHT, WRONG, Mark, draw
from forgetting import MEASURES
from report import environment
from scoring import entities

SHOWN = 50  # texts with something forgotten


def write_report(
    metrics: Dict[str, Any], lost: List[Tuple[Doc, Doc, Doc]], template: Path, output: Path
) -> None:
    """Render scores before and after, and the texts where the update forgot, as one HTML page.

    metrics (dict): What `update` returns.
    lost (List[Tuple[Doc, Doc, Doc]]): Texts with an old-label entity that only the base finds:
        the right one, the base's, and the updated pipeline's.
    template (Path): The page's Jinja template.
    output (Path): Output file, HTML.
    """
    page = (
        environment(template.parent)
        .get_template(template.name)
        .render(
            metrics=metrics,
            measures=MEASURES,
            lost=[
                {"before": _draw(gold, before), "after": _draw(gold, after)}
                for gold, before, after in lost[:SHOWN]
            ],
            n_lost=len(lost),
        )
    )
    with staged(output) as path:
        path.write_text(page, encoding="utf8")


def _draw(gold: Doc, predicted: Doc) -> Any:
    right = entities(gold)
    direction = gold.vocab.writing_system["direction"]
    marks = [
        Mark(start, end, label, *RIGHT if (start, end, label) in right else WRONG)
        for start, end, label in sorted(entities(predicted))
    ]
    return draw(predicted.text, marks, direction)
