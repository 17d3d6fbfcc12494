"""Measure rules, model and pipeline on the test corpus."""

from pathlib import Path
from typing import Any, Dict, Optional

import typer
from wasabi import msg

from measuring.evaluation import evaluate
from measuring.scores import (
    ERROR_KINDS,
    GROUPS,
    STAGES,
    percent,
    percent_range,
    points,
    points_range,
)
from measuring.verdict import print_ending
from shared.commands import MAX_SEED, run
from shared.errors import InputError, clear_errors
from shared.showing import printable


def evaluate_cli(
    # fmt: off
    test: Path = typer.Argument(..., help="Test corpus, .spacy"),
    stats: Path = typer.Argument(..., help="The stats.json that convert wrote"),
    output: Path = typer.Argument(..., help="Output file for the scores, JSON"),
    predictions: Path = typer.Argument(
        ..., help="Output folder for what each stage predicts, .spacy"
    ),
    rules: Path = typer.Option(..., help="The rules as a pipeline"),
    model: Path = typer.Option(..., help="The trained pipeline"),
    pipeline: Path = typer.Option(..., help="Rules and model assembled"),
    dev: Optional[Path] = typer.Option(
        None, help="Dev corpus, .spacy, to find out what there is to mend"
    ),
    seed: int = typer.Option(
        0, min=0, max=MAX_SEED, help="Seed of the resampling for the intervals"
    ),
    min_f: float = typer.Option(0.0, help="Fail if the pipeline's F1 (0 to 1) is below this"),
    # fmt: on
) -> None:
    """Score rules, model and pipeline, and write scores and predictions."""
    with clear_errors():
        if not 0 <= min_f <= 1:
            raise InputError(f"min_f is {min_f}", remedy="Set it between 0 and 1.")
        paths = {"rules": rules, "model": model, "pipeline": pipeline}
        metrics = evaluate(test, stats, output, predictions, paths, seed, dev)
        print_metrics(metrics)
        reached = metrics["pipeline"]["ents_f"]
        if min_f and (reached is None or reached < min_f):
            found = "can't be measured" if reached is None else f"is {reached:.4f}"
            msg.fail(
                f"The pipeline's F1 {found}, the least allowed is {min_f}",
                "This bar is set by vars.min_f.",
                exits=1,
            )


def print_metrics(metrics: Dict[str, Any]) -> None:
    """Print the scores as tables of at most 80 columns, and what they measure."""
    test = metrics["test"]
    n_entities = sum(test["entities"].values())
    msg.divider(f"{test['texts']:,} test texts, {n_entities:,} entities")
    header = ["", "P", "R", "F1", "95% interval"]
    rows = [
        [
            stage,
            percent(metrics[stage]["ents_p"] if metrics[stage]["found"] else None),
            *(percent(metrics[stage][key]) for key in ("ents_r", "ents_f")),
            percent_range(metrics[stage]["ents_f_ci"]),
        ]
        for stage in STAGES
    ]
    msg.table(rows, header=header, divider=True, aligns=list("lrrrr"))
    rows = [
        [pair.replace("-", " - "), points(gain["ents_f"]), points_range(gain["ents_f_ci"])]
        for pair, gain in metrics["differences"].items()
    ]
    msg.table(rows, header=["Difference", "F1", "95% interval"], divider=True, aligns=list("lrr"))
    header = ["Recall on forms in", "train", "a rule only", "neither"]
    rows = [[stage, *(percent(metrics[stage][group]) for group in GROUPS)] for stage in STAGES]
    rows.append(["(entities)", *(f"{test[group]:,}" for group in GROUPS)])
    msg.table(rows, header=header, divider=True, aligns=list("lrrr"))
    header = ["Errors", *(kind.replace("_", " ") for kind in ERROR_KINDS)]
    rows = [[s, *(f"{metrics[s]['errors'][k]:,}" for k in ERROR_KINDS)] for s in STAGES]
    msg.table(rows, header=header, divider=True, aligns=list("lrrrr"))
    labels = sorted(metrics["pipeline"]["ents_per_type"] or {})
    if len(labels) > 1:
        scores = metrics["pipeline"]["ents_per_type"]
        rows = [[printable(name), *(percent(scores[name][k]) for k in "prf")] for name in labels]
        msg.table(rows, header=["pipeline", "P", "R", "F1"], divider=True, aligns=list("lrrr"))
    print_ending(metrics)


if __name__ == "__main__":
    run(evaluate_cli)
