"""Write the report: one page that says how good the pipeline is, and where it errs."""

from pathlib import Path
from typing import Any, List

import spacy
import srsly
import typer
from jinja2 import Environment, FileSystemLoader
from spacy import util
from spacy.tokens import Doc, DocBin
from wasabi import msg

from common import clear_errors, staged
from display import PER_KIND, error_examples, visible
from evaluate import PAIRS, STAGES, percent, percent_range, points, points_range
from findings import (
    cautions,
    learning_curve,
    matched_forms,
    new_forms,
    rule_table,
    verdict,
    versions,
)
from plots import plot_curve, plot_differences, plot_recall, plot_scores
from scoring import ERROR_KINDS


def report_cli(
    # fmt: off
    test: Path = typer.Argument(..., help="Test corpus, .spacy"),
    stats: Path = typer.Argument(..., help="The stats.json that convert wrote"),
    metrics: Path = typer.Argument(..., help="The scores that evaluate wrote, JSON"),
    predictions: Path = typer.Argument(..., help="The predictions that evaluate wrote"),
    template: Path = typer.Argument(..., help="The page's template"),
    output: Path = typer.Argument(..., help="Output file, HTML"),
    rules: Path = typer.Option(..., help="The rules as a pipeline"),
    train: Path = typer.Option(..., help="Training corpus, a folder"),
    config: Path = typer.Option(..., help="The trained pipeline's config"),
    log: Path = typer.Option(..., help="The training log, JSONL; may be missing"),
    # fmt: on
) -> None:
    """Render scores, rules, training and errors as one HTML page."""
    with clear_errors():
        page = report(
            test,
            stats,
            metrics,
            predictions,
            template,
            rules=rules,
            train=train,
            config=config,
            log=log,
        )
        with staged(output) as path:
            path.write_text(page, encoding="utf8")
        msg.good(f"Report: {output}")


def report(
    test: Path,
    stats: Path,
    metrics: Path,
    predictions: Path,
    template: Path,
    *,
    rules: Path,
    train: Path,
    config: Path,
    log: Path,
) -> str:
    """Render the report. The same files and versions give the same page.

    test (Path): Test corpus, .spacy.
    stats (Path): The stats.json that convert wrote.
    metrics (Path): The scores that evaluate wrote.
    predictions (Path): Folder with what each stage predicts for the test corpus.
    template (Path): The page's Jinja template.
    rules (Path): The rules as a pipeline.
    train (Path): The training corpus, a folder.
    config (Path): The trained pipeline's config.
    log (Path): The training log, may be missing.
    RETURNS (str): The page, self-contained HTML.
    """
    settings = util.load_config(config, interpolate=True)
    lang = settings["nlp"]["lang"]
    gold, found = read_docs(test, lang), read_docs(predictions / "pipeline.spacy", lang)
    by_rules = read_docs(predictions / "rules.spacy", lang)
    direction = spacy.blank(lang).vocab.writing_system["direction"]
    counted, scores = srsly.read_json(stats), srsly.read_json(metrics)
    forms = {label: set(known) for label, known in counted["train"]["forms"].items()}
    measured = bool(scores["test"]["texts"] and scores["pipeline"]["ents_f_ci"])
    curve = learning_curve(log)
    headline, sentences = verdict(scores)
    return (
        environment(template.parent)
        .get_template(template.name)
        .render(
            headline=headline,
            sentences=sentences,
            cautions=cautions(scores, counted),
            stats=counted,
            metrics=scores,
            measured=measured,
            stages=STAGES,
            pairs=PAIRS,
            kinds=ERROR_KINDS,
            per_kind=PER_KIND,
            plots={
                "scores": plot_scores(scores) if measured else "",
                "differences": plot_differences(scores) if measured else "",
                "recall": plot_recall(scores) if scores["test"]["entities"] else "",
                "curve": plot_curve(curve) if len(curve) > 1 else "",
            },
            curve=curve,
            rules=rule_table(counted, gold, by_rules, matched_forms(rules, train)),
            new_forms=new_forms(gold, found, forms),
            examples=error_examples(gold, found, direction),
            seed=settings["training"]["seed"],
            config=config.read_text(encoding="utf8"),
            versions=versions(),
        )
    )


def read_docs(path: Path, lang: str) -> List[Doc]:
    """RETURNS (List[Doc]): The docs of a .spacy file."""
    return list(DocBin().from_disk(path).get_docs(spacy.blank(lang).vocab))


def environment(folder: Path) -> Environment:
    """RETURNS (Environment): Loads templates from a folder and knows how to show a score."""
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    filters: Any = {
        "percent": percent,
        "range": percent_range,
        "points": points,
        "points_range": points_range,
        "visible": visible,
    }
    environment.filters.update(filters)
    return environment


if __name__ == "__main__":
    typer.run(report_cli)
