"""Measure the training config against spaCy's default, both on people's annotations."""

import tempfile
from pathlib import Path
from statistics import mean
from typing import Any, Dict, List

import spacy
from spacy.cli.init_config import init_config
from wasabi import msg

from benchmarking.annotator import span_scores
from benchmarking.cost import measure_speed
from benchmarking.data import load_datasets
from benchmarking.reference import train_reference
from measuring.scores import percent
from measuring.words import versions
from shared.training import Training

SEEDS = (0, 1, 2)


def benchmark_config(assets: Path, config: Path, max_steps: int, gpu_id: int) -> Dict[str, Any]:
    """Train with both configs and three seeds on each data set.

    assets (Path): Folder with the extra assets.
    config (Path): The project's training config.
    max_steps (int): Most steps to train with it.
    gpu_id (int): GPU to train on, -1 for none.
    RETURNS (dict): "versions", and "runs": for each "dataset", "config" and "seed" the "seconds",
        "ents_f" (0 to 1) and "words_per_second".
    RAISES (InputError): If there is no data set.
    """
    rows: List[Dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        default = folder / "default.cfg"
        init_config(lang="en", pipeline=["ner"], silent=True).to_disk(default)
        # spaCy's default stops when it gets no better for long
        ways = {"default": (default, None), "project": (config, max_steps)}
        for dataset, data in load_datasets(assets).items():
            for seed in SEEDS:
                for way, (path, limit) in ways.items():
                    model = folder / f"{dataset}-{way}-{seed}"
                    msg.divider(f"{dataset}, {way}, seed {seed}")
                    training = Training(path, seed, limit, gpu_id)
                    row: Dict[str, Any] = {"dataset": dataset, "config": way, "seed": seed}
                    row["seconds"] = train_reference(data.annotated, model, training)
                    nlp = spacy.load(model / "model-best")
                    row["ents_f"] = span_scores(nlp, data.test)["ents_f"]
                    row["words_per_second"] = measure_speed(model / "model-best", data.test)
                    rows.append(row)
    return {"versions": versions(), "runs": rows}


def print_results(results: Dict[str, Any]) -> None:
    """Print the means over the seeds, and what the project's config needs of the default's time."""
    rows, table = results["runs"], []
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
