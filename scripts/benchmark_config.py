"""Measure the training config against spaCy's default, both on people's annotations."""

import tempfile
from pathlib import Path
from statistics import mean
from typing import Any, Dict, List

import spacy
import srsly
import typer
from spacy.cli.init_config import init_config
from wasabi import msg

from benchmark_data import load_datasets
from common import clear_errors, staged
from evaluate import percent
from findings import versions
from scale import measure_speed
from simulate import span_scores
from training import Training, train_reference

SEEDS = (0, 1, 2)


def benchmark_config_cli(
    # fmt: off
    assets: Path = typer.Argument(..., help="Folder with the extra assets"),
    config: Path = typer.Argument(..., help="Training config"),
    output: Path = typer.Argument(..., help="Output file for the results, JSON"),
    max_steps: int = typer.Option(..., help="Most steps to train with the config"),
    gpu_id: int = typer.Option(-1, help="GPU to train on, -1 for none"),
    # fmt: on
) -> None:
    """Train with both configs and three seeds on each data set, and print one table."""
    with clear_errors(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        default = folder / "default.cfg"
        init_config(lang="en", pipeline=["ner"], silent=True).to_disk(default)
        # spaCy's default stops when it gets no better for long
        ways = {"default": (default, None), "project": (config, max_steps)}
        rows: List[Dict[str, Any]] = []
        for dataset, data in load_datasets(assets).items():
            for seed in SEEDS:
                for way, (path, limit) in ways.items():
                    model = folder / f"{dataset}-{way}-{seed}"
                    msg.divider(f"{dataset}, {way}, seed {seed}")
                    training = Training(path, seed, limit, gpu_id)
                    row = {"dataset": dataset, "config": way, "seed": seed}
                    row["seconds"] = train_reference(data.annotated, model, training)
                    nlp = spacy.load(model / "model-best")
                    row["ents_f"] = span_scores(nlp, data.test)["ents_f"]
                    row["words_per_second"] = measure_speed(model / "model-best", data.test)
                    rows.append(row)
        with staged(output) as path:
            srsly.write_json(path, {"versions": versions(), "runs": rows})
        print_results(rows)


def print_results(rows: List[Dict[str, Any]]) -> None:
    """Print the means over the seeds, and what the project's config needs of the default's time."""
    table = []
    for dataset in dict.fromkeys(row["dataset"] for row in rows):
        seconds = {}
        for way in ("default", "project"):
            runs = [r for r in rows if (r["dataset"], r["config"]) == (dataset, way)]
            seconds[way] = mean(run["seconds"] for run in runs)
            table.append(
                (
                    dataset,
                    way,
                    " ".join(percent(run["ents_f"]) for run in runs),
                    percent(mean(run["ents_f"] for run in runs)),
                    f"{seconds[way]:,.0f}",
                    f"{seconds[way] / seconds['default']:.2f}",
                    f"{mean(run['words_per_second'] for run in runs):,.0f}",
                )
            )
    header = ("Data", "Config", "F1 by seed", "Mean", "Train s", "Of default", "Words/s")
    msg.divider("Trained on people's annotations")
    msg.table(table, header=header, divider=True, aligns=list("lllrrrr"), spacing=2)


if __name__ == "__main__":
    typer.run(benchmark_config_cli)
