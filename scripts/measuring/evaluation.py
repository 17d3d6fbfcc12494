"""Measure rules, model and pipeline on the test corpus, and look at the dev corpus for what to mend."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy
import srsly
from spacy.scorer import get_ner_prf
from spacy.tokens import DocBin
from spacy.training import Corpus, Example
from tqdm import tqdm

from measuring.scores import (
    GROUPS,
    PAIRS,
    Forms,
    bootstrap_f,
    count_errors,
    entities,
    f_interval,
    familiarity,
    interval,
    mixed_errors,
    recall_by_form,
    tally,
)
from shared.loading import load_pipeline, read_docs, readable
from shared.writing import ATTRS, staged


def evaluate(
    test: Path,
    stats: Path,
    output: Path,
    predictions: Path,
    pipelines: Dict[str, Path],
    seed: int = 0,
    dev: Optional[Path] = None,
) -> Dict[str, Any]:
    """Score pipelines on a test corpus and write the scores and the predicted docs.

    test (Path): The test corpus, .spacy.
    stats (Path): What convert counted; it tells the surface forms in the training labels.
    output (Path): Where to write the scores, JSON.
    predictions (Path): Folder for one .spacy file a pipeline, and a folder dev/ of such files.
    pipelines (Dict[str, Path]): The pipelines by stage: "rules", "model", "pipeline", and
        more if wanted.
    seed (int): Seed of the resampling.
    dev (Optional[Path]): The dev corpus, whose errors people may look at and learn from.
    RETURNS (dict): The scores, all shares from 0 to 1 and None where nothing can be measured:
        "measures": "accuracy", or "agreement" (with the rules) if there is no gold.
        "test": "texts", "entities" (number by label), and how many of these have a form that is
            "seen", "rule_only", "new", or "unseen" (one of the last two), see `familiarity`.
        Each stage: "ents_p", "ents_r", "ents_f", "ents_per_type" (spaCy's own);
            "ents_f_ci" (95% interval, see `f_interval`); how many entities it "found", and how
            many of them are "right"; recall by form ("seen", "unseen", "rule_only", "new");
            "errors" (number by kind).
        "differences": for "model-rules", "pipeline-rules" and "pipeline-model" the
            difference in "ents_f", the number of entities that tell them "apart", and the
            interval "ents_f_ci", None if there is no such entity.
        "dev", if there is one: "texts", "entities"; the pipeline's "errors" (number
            by kind) and "mixed_errors" (number by form, see there); "rules": of each rule that
            finds something, how many it "found" and how many of them are "right".
    """
    with readable(stats, "Run convert again."):
        counted = srsly.read_json(stats)
        forms: Forms = {label: set(found) for label, found in counted["train"]["forms"].items()}
    by_rules = rule_forms(pipelines["rules"], test)
    metrics: Dict[str, Any] = {
        "measures": "accuracy" if counted["gold"]["texts"] else "agreement",
    }
    counts: Dict[str, numpy.ndarray] = {}
    samples: Dict[str, numpy.ndarray] = {}
    on_dev: Dict[str, List[Example]] = {}
    with staged(predictions, folder=True) as folder:
        folder.mkdir()
        for stage, pipeline in pipelines.items():
            examples = predict(pipeline, test)
            _save(examples, folder / f"{stage}.spacy")
            counts[stage] = tally(examples)
            samples[stage] = bootstrap_f(counts[stage], seed)
            if stage == "rules":
                metrics["test"] = _describe(examples, forms, by_rules)
            metrics[stage] = {
                **_score(examples),
                "ents_f_ci": f_interval(counts[stage], samples[stage]),
                **recall_by_form(examples, forms, by_rules),
            }
            if dev and stage in ("rules", "pipeline"):
                on_dev[stage] = predict(pipeline, dev)
                _save(on_dev[stage], folder / "dev" / f"{stage}.spacy")
    metrics["differences"] = {}
    for better, worse in PAIRS:
        # Hits and false alarms, of which one has more than the other in some text
        apart = int(abs(counts[better] - counts[worse])[:, :2].sum())
        metrics["differences"][f"{better}-{worse}"] = {
            "ents_f": _difference(metrics[better]["ents_f"], metrics[worse]["ents_f"]),
            "ents_f_ci": interval(samples[better] - samples[worse]) if apart else None,
            "apart": apart,
        }
    if on_dev:
        metrics["dev"] = _look_at_dev(on_dev["rules"], on_dev["pipeline"])
    with staged(output) as path:
        srsly.write_json(path, metrics)
    return metrics


def rule_forms(rules: Path, corpus: Path) -> Forms:
    """RETURNS (Forms): The case-folded forms that a rule matches in a corpus, by label, be it that a
    longer match wins there."""
    nlp = load_pipeline(rules)
    [(_, ruler)] = nlp.pipeline
    forms: Forms = defaultdict(set)
    for doc in read_docs(corpus, nlp.vocab):
        for span in ruler.match(doc):  # type: ignore[attr-defined]
            forms[span.label_].add(span.text.casefold())
    return forms


def predict(pipeline: Path, corpus: Path) -> List[Example]:
    """RETURNS (List[Example]): The corpus' docs as references, with the pipeline's predictions."""
    nlp = load_pipeline(pipeline)
    with readable(corpus, "Run convert again."):
        examples = list(Corpus(corpus)(nlp))
    # Corpus has made docs of the texts, so they needn't be tokenized again
    made = (eg.predicted for eg in examples)
    docs = nlp.pipe(made)
    progress = tqdm(docs, pipeline.name, len(examples), unit=" texts", disable=None)
    return [Example(doc, eg.reference) for doc, eg in zip(progress, examples)]


def _save(examples: List[Example], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    # The rules leave their id on what they find
    DocBin([*ATTRS, "ENT_ID"], docs=[eg.predicted for eg in examples]).to_disk(path)


def _score(examples: List[Example]) -> Dict[str, Any]:
    scores = get_ner_prf(examples)
    return {
        **{key: scores[key] for key in ("ents_p", "ents_r", "ents_f", "ents_per_type")},
        "found": sum(len(eg.predicted.ents) for eg in examples),
        "right": sum(len(entities(eg.predicted) & entities(eg.reference)) for eg in examples),
        "errors": count_errors(examples),
    }


def _describe(examples: List[Example], forms: Forms, by_rules: Forms) -> Dict[str, Any]:
    groups = Counter(
        familiarity(ent, forms, by_rules) for eg in examples for ent in eg.reference.ents
    )
    return {
        **_contents(examples),
        **{group: groups[group] for group in GROUPS},
        "unseen": groups["rule_only"] + groups["new"],
    }


def _contents(examples: List[Example]) -> Dict[str, Any]:
    """RETURNS (dict): What a corpus holds."""
    labels = Counter(ent.label_ for eg in examples for ent in eg.reference.ents)
    return {
        "texts": len(examples),
        "entities": dict(sorted(labels.items())),
    }


def _look_at_dev(by_rules: List[Example], by_pipeline: List[Example]) -> Dict[str, Any]:
    rules: Dict[str, Dict[str, int]] = {}
    for eg in by_rules:
        right = entities(eg.reference)
        for ent in eg.predicted.ents:
            row = rules.setdefault(ent.ent_id_, {"found": 0, "right": 0})
            row["found"] += 1
            row["right"] += (ent.start_char, ent.end_char, ent.label_) in right
    return {
        **_contents(by_rules),
        "errors": count_errors(by_pipeline),
        "mixed_errors": dict(mixed_errors(by_pipeline).most_common()),
        "rules": rules,
    }


def _difference(better: Optional[float], worse: Optional[float]) -> Optional[float]:
    return None if better is None or worse is None else better - worse
