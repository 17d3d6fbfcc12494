"""Measure rules, model and pipeline on the test corpus."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy
import spacy
import srsly
import typer
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example
from tqdm import tqdm
from wasabi import msg

from common import ATTRS, InputError, clear_errors, printable, staged
from scoring import (
    ERROR_KINDS,
    Forms,
    bootstrap_f,
    count_errors,
    familiarity,
    interval,
    recall_by_form,
    tally,
)

STAGES = ("rules", "model", "pipeline")
PAIRS = (("model", "rules"), ("pipeline", "rules"), ("pipeline", "model"))


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
    seed: int = typer.Option(0, help="Seed of the resampling for the intervals"),
    min_f: float = typer.Option(0.0, help="Fail if the pipeline's F1 (0 to 1) is below this"),
    # fmt: on
) -> None:
    """Score rules, model and pipeline, and write scores and predictions."""
    with clear_errors():
        if not 0 <= min_f <= 1:
            raise InputError(f"min_f is {min_f}", remedy="Set it between 0 and 1.")
        paths = {"rules": rules, "model": model, "pipeline": pipeline}
        metrics = evaluate(test, stats, output, predictions, paths, seed)
        print_metrics(metrics)
        reached = metrics["pipeline"]["ents_f"]
        if min_f and (reached is None or reached < min_f):
            found = "can't be measured" if reached is None else f"is {reached:.4f}"
            msg.fail(
                f"The pipeline's F1 {found}, the least allowed is {min_f}",
                "This bar is set by vars.min_f.",
                exits=1,
            )


def evaluate(
    test: Path,
    stats: Path,
    output: Path,
    predictions: Path,
    pipelines: Dict[str, Path],
    seed: int = 0,
) -> Dict[str, Any]:
    """Score pipelines on a test corpus and write the scores and the predicted docs.

    test (Path): The test corpus, .spacy.
    stats (Path): What convert counted; it tells the surface forms in the training labels.
    output (Path): Where to write the scores, JSON.
    predictions (Path): Folder for one .spacy file a pipeline.
    pipelines (Dict[str, Path]): The pipelines by stage: "rules", "model", "pipeline", and
        more if wanted.
    seed (int): Seed of the resampling.
    RETURNS (dict): The scores, all shares from 0 to 1 and None where nothing can be measured:
        "measures": "accuracy", or "agreement" (with the rules) if there is no gold.
        "test": "texts", "entities" (number by label), and how many of them have a "seen"
            or "unseen" form.
        Each stage: "ents_p", "ents_r", "ents_f", "ents_per_type" (spaCy's own);
            "ents_f_ci" (95% bootstrap interval over texts); "seen" and "unseen" (recall of
            gold entities whose surface form is, or is not, in the training labels);
            "errors" (number by kind).
        "differences": for "model-rules", "pipeline-rules" and "pipeline-model" the
            difference in "ents_f" and its interval "ents_f_ci".
    """
    counted = srsly.read_json(stats)
    forms: Forms = {label: set(found) for label, found in counted["train"]["forms"].items()}
    metrics: Dict[str, Any] = {
        "measures": "accuracy" if counted["gold"]["texts"] else "agreement",
    }
    samples: Dict[str, numpy.ndarray] = {}
    with staged(predictions) as folder:
        folder.mkdir()
        for stage, pipeline in pipelines.items():
            examples = predict(pipeline, test)
            # The rules leave their id on what they find
            found = DocBin([*ATTRS, "ENT_ID"], docs=[eg.predicted for eg in examples])
            found.to_disk(folder / f"{stage}.spacy")
            samples[stage] = bootstrap_f(tally(examples), seed)
            metrics["test"] = _describe([eg.reference for eg in examples], forms)
            metrics[stage] = _score(examples, forms, samples[stage])
    metrics["differences"] = {
        f"{better}-{worse}": {
            "ents_f": _difference(metrics[better]["ents_f"], metrics[worse]["ents_f"]),
            "ents_f_ci": interval(samples[better] - samples[worse]),
        }
        for better, worse in PAIRS
    }
    with staged(output) as path:
        srsly.write_json(path, metrics)
    return metrics


def predict(pipeline: Path, corpus: Path) -> List[Example]:
    """RETURNS (List[Example]): The corpus' docs as references, with the pipeline's predictions."""
    nlp = spacy.load(pipeline)
    examples = list(Corpus(corpus)(nlp))
    # Corpus has made docs of the texts, so they needn't be tokenized again
    made = (eg.predicted for eg in examples)
    docs = nlp.pipe(made)
    progress = tqdm(docs, pipeline.name, len(examples), unit=" texts", disable=None)
    return [Example(doc, eg.reference) for doc, eg in zip(progress, examples)]


def _score(examples: List[Example], forms: Forms, samples: numpy.ndarray) -> Dict[str, Any]:
    scores = get_ner_prf(examples)
    return {
        **{key: scores[key] for key in ("ents_p", "ents_r", "ents_f", "ents_per_type")},
        "ents_f_ci": interval(samples),
        **recall_by_form(examples, forms),
        "errors": count_errors(examples),
    }


def _describe(docs: List[Doc], forms: Forms) -> Dict[str, Any]:
    familiarities = Counter(familiarity(ent, forms) for doc in docs for ent in doc.ents)
    labels = Counter(ent.label_ for doc in docs for ent in doc.ents)
    return {
        "texts": len(docs),
        "entities": dict(sorted(labels.items())),
        "seen": familiarities["seen"],
        "unseen": familiarities["unseen"],
    }


def _difference(better: Optional[float], worse: Optional[float]) -> Optional[float]:
    return None if better is None or worse is None else better - worse


def print_metrics(metrics: Dict[str, Any]) -> None:
    """Print the scores as tables of at most 80 columns, and what they measure."""
    test = metrics["test"]
    n_entities = sum(test["entities"].values())
    msg.divider(f"{test['texts']:,} test texts, {n_entities:,} entities")
    header = ["", "P", "R", "F1", "95% interval", "R seen", "R unseen"]
    rows = [
        [
            stage,
            *(percent(metrics[stage][key]) for key in ("ents_p", "ents_r", "ents_f")),
            percent_range(metrics[stage]["ents_f_ci"]),
            percent(metrics[stage]["seen"]),
            percent(metrics[stage]["unseen"]),
        ]
        for stage in STAGES
    ]
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * 6)
    rows = [
        [pair.replace("-", " - "), points(gain["ents_f"]), points_range(gain["ents_f_ci"])]
        for pair, gain in metrics["differences"].items()
    ]
    msg.table(rows, header=["Difference", "F1", "95% interval"], divider=True, aligns=list("lrr"))
    header = ["Errors", *(kind.replace("_", " ") for kind in ERROR_KINDS)]
    rows = [[s, *(f"{metrics[s]['errors'][k]:,}" for k in ERROR_KINDS)] for s in STAGES]
    msg.table(rows, header=header, divider=True, aligns=list("lrrrr"))
    labels = sorted(metrics["pipeline"]["ents_per_type"] or {})
    if len(labels) > 1:
        scores = metrics["pipeline"]["ents_per_type"]
        rows = [[printable(name), *(percent(scores[name][k]) for k in "prf")] for name in labels]
        msg.table(rows, header=["pipeline", "P", "R", "F1"], divider=True, aligns=list("lrrr"))
    if not n_entities:
        msg.warn("No entity is marked in the test texts: recall and F1 say nothing.")
    if metrics["measures"] == "agreement":
        msg.warn(
            "There are no gold annotations: these scores measure agreement with the "
            "rules, not accuracy."
        )


def percent(score: Optional[float]) -> str:
    """RETURNS (str): A share (0 to 1) as a percentage with one decimal, "-" for None."""
    return "-" if score is None else f"{100 * score:.1f}"


def percent_range(bounds: Optional[List[float]]) -> str:
    """RETURNS (str): An interval of shares as percentages, "-" for None."""
    return "-" if bounds is None else f"{percent(bounds[0])} to {percent(bounds[1])}"


def points(difference: Optional[float]) -> str:
    """RETURNS (str): A difference of shares in percentage points, with its sign."""
    # Adding zero makes -0.0 a +0.0
    return "-" if difference is None else f"{round(100 * difference, 1) + 0:+.1f}"


def points_range(bounds: Optional[List[float]]) -> str:
    """RETURNS (str): An interval of differences in percentage points, "-" for None."""
    return "-" if bounds is None else f"{points(bounds[0])} to {points(bounds[1])}"


if __name__ == "__main__":
    typer.run(evaluate_cli)
