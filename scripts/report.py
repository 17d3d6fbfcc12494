"""Write the report: one page that says how good the pipeline is."""

from pathlib import Path
from typing import Any, Dict, List

import spacy
import srsly
import typer
from jinja2 import Environment, FileSystemLoader
from spacy import displacy
from spacy.tokens import Doc, DocBin
from wasabi import msg

from common import clear_errors, staged
from evaluate import STAGES, errors, percent

MAX_EXAMPLES = 30


def report_cli(
    # fmt: off
    test: Path = typer.Argument(..., help="Test corpus, .spacy"),
    stats: Path = typer.Argument(..., help="The stats.json that convert wrote"),
    metrics: Path = typer.Argument(..., help="The scores that evaluate wrote, JSON"),
    predictions: Path = typer.Argument(..., help="The predictions that evaluate wrote"),
    template: Path = typer.Argument(..., help="The page's template"),
    output: Path = typer.Argument(..., help="Output file, HTML"),
    # fmt: on
) -> None:
    """Render scores and errors as one HTML page."""
    with clear_errors():
        page = report(test, stats, metrics, predictions, template)
        with staged(output) as path:
            path.write_text(page, encoding="utf8")
        msg.good(f"Report: {output}")


def report(test: Path, stats: Path, metrics: Path, predictions: Path, template: Path) -> str:
    """Render the report.

    test (Path): Test corpus, .spacy.
    stats (Path): The stats.json that convert wrote.
    metrics (Path): The scores that evaluate wrote.
    predictions (Path): Folder with what each stage predicts for the test corpus.
    template (Path): The page's Jinja template.
    RETURNS (str): The page, self-contained HTML.
    """
    environment = Environment(loader=FileSystemLoader(template.parent), autoescape=True)
    environment.filters["percent"] = percent
    return environment.get_template(template.name).render(
        stats=srsly.read_json(stats),
        metrics=srsly.read_json(metrics),
        stages=STAGES,
        examples=_examples(read_docs(test), read_docs(predictions / "pipeline.spacy")),
    )


def read_docs(path: Path) -> List[Doc]:
    """RETURNS (List[Doc]): The docs of a .spacy file."""
    return list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def _examples(gold: List[Doc], predicted: List[Doc]) -> List[Dict[str, Any]]:
    """RETURNS (List[dict]): Texts with errors: their kinds, and gold and prediction as HTML."""
    result = []
    for wanted, found in zip(gold, predicted):
        kinds = [kind.replace("_", " ") for kind, _, _ in errors(wanted, found)]
        if kinds:
            result.append({"kinds": kinds, "gold": _render(wanted), "found": _render(found)})
    return result[:MAX_EXAMPLES]


def _render(doc: Doc) -> str:
    return displacy.render(doc, style="ent", jupyter=False) if doc.ents else ""


if __name__ == "__main__":
    typer.run(report_cli)
