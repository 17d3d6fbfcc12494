"""Measure the template itself: what answers, texts and minutes are worth, the config, the speed of commands."""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from benchmarking import answers, choosing, config, convert_speed, minutes, page, suggest_speed
from shared.commands import MAX_SEED, run
from shared.errors import InputError, clear_errors
from shared.training import Training
from shared.vectors import find_vectors
from shared.writing import staged

KINDS = ("answers", "minutes", "texts", "config", "convert", "suggest")


def benchmark_cli(
    # fmt: off
    kind: str = typer.Argument(..., help=f"What to measure: {', '.join(KINDS)}"),
    assets: Path = typer.Argument(..., help="Folder with the extra assets"),
    output: Path = typer.Argument(..., help="Output folder for the results, KIND.json"),
    train_config: Path = typer.Option(..., "--config", help="Training config"),
    pipeline: Path = typer.Option(..., help="Config that assembles model and rules"),
    seed: int = typer.Option(
        0, min=0, max=MAX_SEED, help="Seed of suggestions, training and resampling"
    ),
    max_steps: int = typer.Option(..., min=0, help="Most steps to train"),
    seconds_per_text: float = typer.Option(
        20, min=1, help="How long a person takes to mark a text"
    ),
    gpu_id: int = typer.Option(-1, help="GPU to train on, -1 for none"),
    vectors: str = typer.Option("null", help="Package or folder with word vectors, null for none"),
    # fmt: on
) -> None:
    """Measure on the extra assets, write the results, and print them as tables."""
    with clear_errors():
        if kind not in KINDS:
            raise InputError(
                f"vars.benchmark is '{kind}'", remedy=f"Set it to {' or '.join(KINDS)}."
            )
        texts, patterns = assets / "reddit_r_cooking_sample.jsonl", assets / "food_patterns.jsonl"
        training = Training(train_config, seed, max_steps, gpu_id, find_vectors(vectors, "en"))
        if kind == "answers":
            results = answers.benchmark_answers(assets, pipeline, training)
            with staged(output / "answers.html") as path:
                path.write_text(page.render(results), encoding="utf8")
            page.print_results(results)
            msg.good(f"Page: {output / 'answers.html'}")
        elif kind == "minutes":
            results = minutes.benchmark_minutes(assets, pipeline, training, seconds_per_text)
            with staged(output / "minutes.html") as path:
                path.write_text(page.render_minutes(results), encoding="utf8")
            minutes.print_results(results)
            msg.good(f"Page: {output / 'minutes.html'}")
        elif kind == "texts":
            results = choosing.benchmark_texts(assets, pipeline, training)
            choosing.print_results(results)
        elif kind == "config":
            results = config.benchmark_config(assets, train_config, max_steps, gpu_id)
            config.print_results(results)
        elif kind == "convert":
            results = convert_speed.benchmark_convert(texts, patterns)
            convert_speed.print_results(results)
        else:
            results = suggest_speed.benchmark_suggest(texts, patterns)
            suggest_speed.print_results(results)
        with staged(output / f"{kind}.json") as path:
            srsly.write_json(path, results)


if __name__ == "__main__":
    run(benchmark_cli)
