"""Measure rules, model and pipeline on the test corpus."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy
import spacy
import srsly
import typer
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example
from tqdm import tqdm
from wasabi import msg

from common import ATTRS, InputError, clear_errors, staged

RESAMPLES = 2000
STAGES = ("rules", "model", "pipeline")
PAIRS = (("model", "rules"), ("pipeline", "rules"), ("pipeline", "model"))
ERROR_KINDS = ("missed", "spurious", "wrong_boundary", "wrong_label")


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
    test: Path, stats: Path, output: Path, predictions: Path, pipelines: Dict[str, Path], seed: int
) -> Dict[str, Any]:
    """Score pipelines on a test corpus and write the scores and the predicted docs.

    test (Path): The test corpus, .spacy.
    stats (Path): What convert counted; it tells the surface forms in the training labels.
    output (Path): Where to write the scores, JSON.
    predictions (Path): Folder for one .spacy file a pipeline.
    pipelines (Dict[str, Path]): The pipelines by stage: "rules", "model", "pipeline".
    seed (int): Seed of the resampling.
    RETURNS (dict): The scores: by stage "ents_p", "ents_r", "ents_f" (0 to 1, None if nothing
        can be measured), "ents_per_type", "ents_f_ci" (95% interval), "seen" and "unseen"
        (recall of gold entities whose surface form is, or is not, in the training labels),
        "errors" (number by kind); "differences" of F1 by pair of stages with their
        intervals; "test" (size of the corpus); "measures", "accuracy" or "agreement".
    """
    counted = srsly.read_json(stats)
    forms = {label: set(found) for label, found in counted["train"]["forms"].items()}
    metrics: Dict[str, Any] = {
        "measures": "accuracy" if counted["gold"]["texts"] else "agreement",
    }
    tallies = {}
    with staged(predictions) as folder:
        folder.mkdir()
        for stage in STAGES:
            examples = predict(pipelines[stage], test)
            DocBin(ATTRS, docs=[eg.predicted for eg in examples]).to_disk(folder / f"{stage}.spacy")
            gold = [eg.reference for eg in examples]
            tallies[stage] = tally(examples)
            scores = get_ner_prf(examples)
            metrics[stage] = {
                **{key: scores[key] for key in ("ents_p", "ents_r", "ents_f", "ents_per_type")},
                **recall_by_form(examples, forms),
                "errors": count_errors(examples),
            }
        metrics["test"] = _describe(gold, forms)
    samples = {stage: bootstrap_f(tallies[stage], seed) for stage in STAGES}
    for stage in STAGES:
        metrics[stage]["ents_f_ci"] = interval(samples[stage])
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
    texts = (eg.reference.text for eg in examples)
    docs = tqdm(nlp.pipe(texts), pipeline.name, len(examples), unit=" texts", disable=None)
    return [Example(doc, eg.reference) for doc, eg in zip(docs, examples)]


def tally(examples: List[Example]) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): For each doc its true positives, false positives and false
    negatives, shape (docs, 3). A true positive has the right start, end and label."""
    rows = []
    for eg in examples:
        gold, found = _entities(eg.reference), _entities(eg.predicted)
        rows.append((len(gold & found), len(found - gold), len(gold - found)))
    return numpy.asarray(rows, dtype="int64").reshape((len(rows), 3))


def bootstrap_f(counts: numpy.ndarray, seed: int) -> numpy.ndarray:
    """Draw documents with replacement, as many as there are, and compute F1, many times.

    The same seed draws the same documents, so samples of two systems can be subtracted
    (the paired bootstrap: Efron & Tibshirani 1993; Berg-Kirkpatrick et al. 2012).

    counts (numpy.ndarray): What `tally` returns.
    seed (int): The seed.
    RETURNS (numpy.ndarray): F1 of each resample, NaN where it holds no entity at all.
    """
    n_docs = len(counts)
    if not n_docs:
        return numpy.full(RESAMPLES, numpy.nan)
    rng = numpy.random.default_rng(seed)
    weights = rng.multinomial(n_docs, numpy.full(n_docs, 1 / n_docs), size=RESAMPLES)
    hits, spurious, missed = (weights @ counts).T
    with numpy.errstate(invalid="ignore"):
        return 2 * hits / (2 * hits + spurious + missed)


def interval(samples: numpy.ndarray) -> Optional[List[float]]:
    """RETURNS (List[float]): The 2.5th and 97.5th percentile, None if nothing can be measured."""
    samples = samples[~numpy.isnan(samples)]
    if not len(samples):
        return None
    return [float(bound) for bound in numpy.percentile(samples, (2.5, 97.5))]


def recall_by_form(examples: List[Example], forms: Dict[str, set]) -> Dict[str, Optional[float]]:
    """Split recall by whether training labels had the entity's surface form, case folded.

    examples (List[Example]): Gold and predicted docs.
    forms (Dict[str, set]): The case-folded forms in the training labels, by label.
    RETURNS (dict): Recall for "seen" and "unseen" forms, None where gold has no such entity.
    """
    hits: Counter = Counter()
    total: Counter = Counter()
    for eg in examples:
        found = _entities(eg.predicted)
        for ent in eg.reference.ents:
            kind = _familiarity(ent, forms)
            total[kind] += 1
            hits[kind] += (ent.start_char, ent.end_char, ent.label_) in found
    return {k: hits[k] / total[k] if total[k] else None for k in ("seen", "unseen")}


def count_errors(examples: List[Example]) -> Dict[str, int]:
    """RETURNS (Dict[str, int]): The number of errors by kind, see `errors`."""
    counts = Counter(kind for eg in examples for kind, _, _ in errors(eg.reference, eg.predicted))
    return {kind: counts[kind] for kind in ERROR_KINDS}


def errors(gold: Doc, predicted: Doc) -> List[Tuple[str, Any, Any]]:
    """Compare two docs of the same text and classify what differs.

    gold (Doc): The doc with the right entities.
    predicted (Doc): The doc with the predicted ones.
    RETURNS (List[Tuple[str, Span, Span]]): The kind of error, the gold and the predicted
        entity: "wrong_label" (same characters), "wrong_boundary" (they overlap, whatever
        the labels), "missed" (no prediction overlaps), "spurious" (no gold entity does).
    """
    right = _entities(gold) & _entities(predicted)
    wanted = [ent for ent in gold.ents if _key(ent) not in right]
    found = [ent for ent in predicted.ents if _key(ent) not in right]
    result: List[Tuple[str, Any, Any]] = []
    for ent in wanted:
        others = [o for o in found if o.start_char < ent.end_char and ent.start_char < o.end_char]
        if not others:
            result.append(("missed", ent, None))
        elif _key(others[0])[:2] == _key(ent)[:2]:
            result.append(("wrong_label", ent, others[0]))
        else:
            result.append(("wrong_boundary", ent, others[0]))
    for ent in found:
        if not any(o.start_char < ent.end_char and ent.start_char < o.end_char for o in wanted):
            result.append(("spurious", None, ent))
    return result


def _key(ent: Any) -> Tuple[int, int, str]:
    return ent.start_char, ent.end_char, ent.label_


def _entities(doc: Doc) -> set:
    return {_key(ent) for ent in doc.ents}


def _familiarity(ent: Any, forms: Dict[str, set]) -> str:
    return "seen" if ent.text.casefold() in forms.get(ent.label_, ()) else "unseen"


def _difference(better: Optional[float], worse: Optional[float]) -> Optional[float]:
    return None if better is None or worse is None else better - worse


def _describe(docs: List[Doc], forms: Dict[str, set]) -> Dict[str, Any]:
    familiarity = Counter(_familiarity(ent, forms) for doc in docs for ent in doc.ents)
    labels = Counter(ent.label_ for doc in docs for ent in doc.ents)
    return {
        "texts": len(docs),
        "entities": dict(sorted(labels.items())),
        "seen": familiarity["seen"],
        "unseen": familiarity["unseen"],
    }


def print_metrics(metrics: Dict[str, Any]) -> None:
    """Print the scores as a table of at most 80 columns, and what they measure."""
    test = metrics["test"]
    n_entities = sum(test["entities"].values())
    msg.divider(f"{test['texts']:,} test texts, {n_entities:,} entities")
    header = ["", "P", "R", "F1", "95% interval", "R seen", "R unseen"]
    rows = []
    for stage in STAGES:
        scores = metrics[stage]
        ci = scores["ents_f_ci"]
        rows.append(
            [
                stage,
                *(percent(scores[key]) for key in ("ents_p", "ents_r", "ents_f")),
                f"{percent(ci[0])} to {percent(ci[1])}" if ci else "-",
                percent(scores["seen"]),
                percent(scores["unseen"]),
            ]
        )
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * 6)
    gain = metrics["differences"]["pipeline-rules"]
    if gain["ents_f_ci"]:
        low, high = (f"{100 * bound:+.1f}" for bound in gain["ents_f_ci"])
        print(f"Pipeline against rules: {100 * gain['ents_f']:+.1f} F1 ({low} to {high})")
    if len(test["entities"]) > 1:
        labels = sorted(metrics["pipeline"]["ents_per_type"].items())
        rows = [[label, *(percent(s[key]) for key in "prf")] for label, s in labels]
        msg.table(rows, header=["pipeline", "P", "R", "F1"], divider=True, aligns="lrrr")
    if metrics["measures"] == "agreement":
        msg.warn(
            "There are no gold annotations: these scores measure agreement with the "
            "rules, not accuracy."
        )


def percent(score: Optional[float]) -> str:
    """RETURNS (str): A share (0 to 1) as a percentage with one decimal, "-" for None."""
    return "-" if score is None else f"{100 * score:.1f}"


if __name__ == "__main__":
    typer.run(evaluate_cli)
