"""Write the report: one page that says how good the pipeline is, and where it errs."""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from measuring.page import report
from measuring.words import learning_curve
from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.writing import staged


def report_cli(
    # fmt: off
    test: Path = typer.Argument(..., help="Test corpus, .spacy"),
    stats: Path = typer.Argument(..., help="The stats.json that convert wrote"),
    metrics: Path = typer.Argument(..., help="The scores that evaluate wrote, JSON"),
    predictions: Path = typer.Argument(..., help="The predictions that evaluate wrote"),
    output: Path = typer.Argument(..., help="Output file, HTML"),
    curve: Path = typer.Argument(..., help="Output file for the learning curve, JSON"),
    dev: Path = typer.Option(..., help="Dev corpus, .spacy"),
    errors_of: str = typer.Option(
        "dev", help="Whose errors to list: 'dev', or 'test', from which nobody should learn"
    ),
    rules: Path = typer.Option(..., help="The rules as a pipeline"),
    train: Path = typer.Option(..., help="Training corpus, a folder"),
    config: Path = typer.Option(..., help="The trained pipeline's config"),
    log: Path = typer.Option(..., help="The training log, JSONL; may be missing"),
    data_check: Path = typer.Option(..., help="What check-data found, JSON; may be missing"),
    # fmt: on
) -> None:
    """Render scores, rules, training and errors as one HTML page."""
    with clear_errors():
        if errors_of not in ("dev", "test"):
            raise InputError(f"errors_of is '{errors_of}'", remedy="Set it to dev or test.")
        page = report(
            test,
            stats,
            metrics,
            predictions,
            rules=rules,
            train=train,
            config=config,
            log=log,
            data_check=data_check,
            dev=dev if errors_of == "dev" else None,
        )
        with staged(output) as path:
            path.write_text(page, encoding="utf8")
        # The log as a list, which other programs can plot
        with staged(curve) as path:
            srsly.write_json(path, learning_curve(log))
        msg.good(f"Report: {output}")


if __name__ == "__main__":
    run(report_cli)
