"""Teach a trained pipeline new labels, or old ones better, without forgetting what it knew."""

import shutil
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import spacy
import srsly
import typer
from spacy import util
from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from wasabi import msg

from base import MODES, check_base, combine, entity_labels, load_base, recognizers
from common import InputError, clear_errors, remove, staged
from forgetting import Group, compare, forgotten, predict_both, print_comparison, why_refused
from rehearsal import write_mixed
from training import Training
from update_report import write_report


def update_cli(
    # fmt: off
    base: str = typer.Argument(..., help="The trained pipeline: a package's name or a folder"),
    corpus: Path = typer.Argument(..., help="The folder that convert wrote"),
    rules: Path = typer.Argument(..., help="The rules as a pipeline"),
    rehearsal: Path = typer.Argument(
        ..., help="Raw texts like those that the base was made for, any format of convert"
    ),
    work: Path = typer.Argument(..., help="Output folder for all that the update makes"),
    output: Path = typer.Argument(..., help="Output folder for the pipeline, if it is good"),
    template: Path = typer.Option(..., help="Template of the report"),
    mode: str = typer.Option("mix", help=f"One of {', '.join(MODES)}"),
    config: Path = typer.Option(..., help="Training config for mix"),
    second_config: Path = typer.Option(..., help="Training config for second and replace"),
    max_forgetting: float = typer.Option(0.02, help="Most F1 (0 to 1) that old labels may lose"),
    seed: int = typer.Option(0, help="Seed of training and resampling"),
    max_steps: int = typer.Option(..., help="Most steps to train"),
    gpu_id: int = typer.Option(-1, help="GPU to train on, -1 for none"),
    # fmt: on
) -> None:
    """Update a trained pipeline, measure what it forgot, and keep it if that is little."""
    with clear_errors():
        if mode not in MODES:
            raise InputError(f"update_mode is '{mode}'", remedy=f"Set it to {' or '.join(MODES)}.")
        if not 0 <= max_forgetting <= 1:
            remedy = "Set it between 0 and 1: 0.02 is two points of F1."
            raise InputError(f"max_forgetting is {max_forgetting}", remedy=remedy)
        metrics = update(
            base,
            corpus,
            rules,
            rehearsal,
            work,
            template,
            mode=mode,
            training=Training(config if mode == "mix" else second_config, seed, max_steps, gpu_id),
            max_forgetting=max_forgetting,
        )
        print_comparison(metrics["groups"])
        print(f"Report: {work / 'report.html'}")
        if metrics["refused"]:
            msg.fail(
                metrics["refused"],
                f"{output} is as it was. The update is in {work / 'pipeline'} to look at. Set "
                "vars.rehearsal to more texts like those that the base was made for, try "
                "vars.update_mode second, or allow more with vars.max_forgetting.",
                exits=1,
            )
        with staged(output) as path:
            shutil.copytree(work / "pipeline", path)
        msg.good(f"Updated pipeline: {output}")


def update(
    base: str,
    corpus: Path,
    rules: Path,
    rehearsal: Path,
    work: Path,
    template: Path,
    *,
    mode: str,
    training: Training,
    max_forgetting: float,
) -> Dict[str, Any]:
    """Train, combine with the base, and measure.

    base (str): The trained pipeline: the name of a package or a folder.
    corpus (Path): The folder that convert wrote.
    rules (Path): The rules as a pipeline.
    rehearsal (Path): Raw texts like those that the base was made for.
    work (Path): Output folder: the mixed corpus/, config.cfg, model-best/, the combined pipeline/,
        metrics.json and report.html. What it held before is removed.
    template (Path): Template of the report.
    mode (str): "mix" teaches the base's own recognizer; "second" adds another one after it, which
        gives way to it; "replace" adds another one before it, which has priority.
    training (Training): How to train.
    max_forgetting (float): The most F1 (0 to 1) that old labels may lose.
    RETURNS (dict): "base", "mode", "max_forgetting", "labels" ("old" and "new"), "texts" (see
        `write_mixed`), "groups" (see `compare`), and "refused", the reason or None; "measures"
        and "pipeline" as in the metrics of evaluate, for those labels that the corpus has.
    RAISES (InputError): If the base can't be updated. Nothing is changed then.
    """
    nlp = load_base(base, work)
    ruler = spacy.load(rules)
    check_base(nlp, ruler, mode)
    stats = srsly.read_json(corpus / "stats.json")
    gold, taught = set(stats["gold"]["entities"]), set(stats["train"]["entities"])
    measures = "accuracy" if stats["gold"]["texts"] else "rules"
    old = entity_labels(nlp)
    remove(work)
    texts = write_mixed(nlp, corpus, ruler, rehearsal, gold, work / "corpus")
    if texts["lost"]:
        msg.warn(
            f"{texts['lost']:,} new annotations are left out: the base's tokenizer has no "
            "boundary where they start or end"
        )
    if mode == "mix":
        train_further(nlp, base, work / "corpus", work, training, sorted(taught))
    else:
        # The other recognizer needn't know what the base finds
        train(corpus, work, training, {"nlp.lang": nlp.lang})
    combine(nlp, spacy.load(work / "model-best"), mode)
    nlp.to_disk(work / "pipeline")
    groups = [
        Group("old", "accuracy", old & gold, corpus / "test.spacy"),
        Group("old", "base", old - gold, work / "corpus" / "test.spacy"),
        Group("new", measures, taught - old, corpus / "test.spacy"),
        Group("all", measures, taught | gold, corpus / "test.spacy"),
    ]
    predictions = predict_both(nlp.path, work / "pipeline", groups)
    *results, everything = compare(groups, predictions, training.seed)
    metrics: Dict[str, Any] = {
        "base": base,
        "mode": mode,
        "max_forgetting": max_forgetting,
        "labels": {"old": sorted(old), "new": sorted(taught - old)},
        "texts": texts,
        "groups": results,
        "refused": why_refused(results, max_forgetting),
        "measures": "accuracy" if stats["gold"]["texts"] else "agreement",
        "pipeline": everything["after"],
    }
    srsly.write_json(work / "metrics.json", metrics)
    write_report(metrics, forgotten(groups, predictions), template, work / "report.html")
    return metrics


def train_further(
    nlp: Language, base: str, corpus: Path, work: Path, training: Training, labels: List[str]
) -> None:
    """Train the base's recognizer further.

    nlp (Language): The base.
    base (str): Its name or folder.
    corpus (Path): Folder with train/ and dev.spacy, with what the base finds mixed in.
    work (Path): Output folder.
    training (Training): How to train.
    labels (List[str]): The labels of the new annotations.
    """
    overrides = {
        "nlp.lang": nlp.lang,
        "paths.base": base,
        "components.ner.component": recognizers(nlp)[0],
    }
    same = {key: nlp.config["nlp"][key] for key in ("tokenizer", "vectors")}
    train(corpus, work, training, overrides, same, labels)


def train(
    corpus: Path,
    work: Path,
    training: Training,
    overrides: Dict[str, Any],
    nlp_settings: Optional[Dict[str, Any]] = None,
    labels: Sequence[str] = (),
) -> None:
    """Do what `spacy train` does, and write work/config.cfg and work/model-best.

    corpus (Path): Folder with train/ and dev.spacy.
    work (Path): Output folder.
    training (Training): How to train.
    overrides (Dict[str, Any]): Settings of the config, by their dotted names.
    nlp_settings (Dict[str, Any]): Sections to put into [nlp].
    labels (Sequence[str]): Labels to add to a recognizer that was trained before.
    """
    overrides = {**overrides, **training.overrides(corpus / "train", corpus / "dev.spacy")}
    config = util.load_config(training.config, overrides=overrides, interpolate=False)
    config["nlp"].update(nlp_settings or {})
    if "output_file" in config["training"].get("logger", {}):
        config["training"]["logger"]["output_file"] = str(work / "log.jsonl")
    config.to_disk(work / "config.cfg")
    setup_gpu(training.gpu_id)
    nlp = init_nlp(config, use_gpu=training.gpu_id)
    for label in labels:
        # Training would add them as they come, those of a batch in the order of a set
        nlp.get_pipe("ner").add_label(label)  # type: ignore[attr-defined]
    train_nlp(nlp, work, use_gpu=training.gpu_id)


if __name__ == "__main__":
    typer.run(update_cli)
