"""Teach a trained pipeline new labels, or old ones better, without forgetting what it knew."""

import shutil
from pathlib import Path
from typing import Any, Dict

import spacy
import srsly
import typer
from wasabi import msg

from shared.commands import MAX_SEED, run
from shared.errors import InputError, clear_errors
from shared.loading import load_pipeline, read_json
from shared.second_look import train_on_labels
from shared.training import Training, check_training, train
from shared.vectors import find_vectors
from shared.writing import remove, staged
from updating.base import (
    MODES,
    check_base,
    check_vectors,
    combine,
    entity_labels,
    load_base,
    recognizers,
)
from updating.forgetting import (
    Group,
    compare,
    forgotten,
    predict_both,
    print_comparison,
    why_refused,
    write_report,
)
from updating.rehearsal import write_mixed

REMEDIES = {
    "replace": "Try vars.update_mode second, where the base's entities stay",
    "second": "Measure with gold annotations of the old labels",
    "mix": "Set vars.rehearsal to more texts like those that the base was made for, try "
    "vars.update_mode replace",
}


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
    mode: str = typer.Option(MODES[0], help=f"One of {', '.join(MODES)}"),
    config: Path = typer.Option(..., help="Training config for mix"),
    second_config: Path = typer.Option(..., help="Training config for second and replace"),
    max_forgetting: float = typer.Option(0.02, help="Most F1 (0 to 1) that old labels may lose"),
    seed: int = typer.Option(0, min=0, max=MAX_SEED, help="Seed of training and resampling"),
    max_steps: int = typer.Option(..., min=0, help="Most steps to train"),
    gpu_id: int = typer.Option(-1, help="GPU to train on, -1 for none"),
    lang: str = typer.Option("en", help="Language code"),
    vectors: str = typer.Option(
        "null", help="Package or folder with word vectors for another recognizer, null for none"
    ),
    # fmt: on
) -> None:
    """Update a trained pipeline, measure what it forgot, and keep it if that is little."""
    with clear_errors():
        if mode not in MODES:
            raise InputError(f"update_mode is '{mode}'", remedy=f"Set it to {' or '.join(MODES)}.")
        if not 0 <= max_forgetting <= 1:
            remedy = "Set it between 0 and 1: 0.02 is two points of F1."
            raise InputError(f"max_forgetting is {max_forgetting}", remedy=remedy)
        training = Training(config, seed, max_steps, gpu_id)
        if mode != "mix":
            training = Training(second_config, seed, max_steps, gpu_id, find_vectors(vectors, lang))
        # Around all of it, since another run would use the same folder for work
        with staged(output, folder=True) as path:
            metrics = update(
                base,
                corpus,
                rules,
                rehearsal,
                work,
                mode=mode,
                training=training,
                max_forgetting=max_forgetting,
            )
            print_comparison(metrics["groups"])
            print(f"Report: {work / 'report.html'}")
            if metrics["refused"]:
                msg.fail(
                    metrics["refused"],
                    f"{output} is as it was. The update is in {work / 'pipeline'} to look at. "
                    f"{REMEDIES[mode]}, or allow more with vars.max_forgetting.",
                    exits=1,
                )
            shutil.copytree(work / "pipeline", path)
        msg.good(f"Updated pipeline: {output}")


def update(
    base: str,
    corpus: Path,
    rules: Path,
    rehearsal: Path,
    work: Path,
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
    mode (str): "replace" adds a recognizer and the rules before the base's recognizer, and they
        have priority; "second" adds them after it, and they give way to it; "mix" teaches the
        base's own recognizer, without the rules.
    training (Training): How to train.
    max_forgetting (float): The most F1 (0 to 1) that old labels may lose.
    RETURNS (dict): "base", "mode", "max_forgetting", "labels" ("old" and "new"), "texts" (see
        `write_mixed`), "groups" (see `compare`), and "refused", the reason or None; "measures"
        and "pipeline" as in the metrics of evaluate, for those labels that the corpus has.
    RAISES (InputError): If the base can't be updated. Nothing is changed then.
    """
    check_training(training)
    nlp = load_base(base, work)
    ruler = load_pipeline(rules)
    check_base(nlp, ruler, mode)
    if training.vectors:
        check_vectors(nlp, base, training.vectors)
    stats = read_json(corpus / "stats.json")
    gold, taught = set(stats["gold"]["entities"]), set(stats["train"]["entities"])
    measures = "accuracy" if stats["gold"]["texts"] else "rules"
    old = entity_labels(nlp)
    remove(work)
    texts = write_mixed(nlp, corpus, ruler, rehearsal, gold, work / "corpus", train=mode == "mix")
    if texts["lost"]:
        msg.warn(
            f"{texts['lost']:,} new annotations can't be found: the base's tokenizer has no "
            "boundary where they start or end"
        )
    overrides = {"nlp.lang": nlp.lang}
    if mode == "mix":
        own = {"paths.base": base, "components.ner.component": recognizers(nlp)[0]}
        train(
            work / "corpus" / "train",
            work / "corpus" / "dev.spacy",
            work,
            training,
            overrides={**overrides, **own},
            nlp_settings={key: nlp.config["nlp"][key] for key in ("tokenizer", "vectors")},
            labels=sorted(taught),
        )
    else:
        # The other recognizer needn't know what the base finds
        files = (corpus / "train", corpus / "dev.spacy")
        train_on_labels(*files, work, training, overrides=overrides)
    combine(nlp, spacy.load(work / "model-best"), ruler, mode)
    nlp.to_disk(work / "pipeline")
    groups = [
        Group("old", "accuracy", old & gold, corpus / "test.spacy"),
        Group("old", "base", old - gold, work / "corpus" / "test.spacy", taught - old),
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
    write_report(metrics, forgotten(groups, predictions), work / "report.html")
    return metrics


if __name__ == "__main__":
    run(update_cli)
