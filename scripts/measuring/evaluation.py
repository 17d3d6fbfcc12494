"""Measure rules, model and pipeline on the test corpus."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy
import spacy
import srsly
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example
from tqdm import tqdm

from measuring.scores import (
    PAIRS,
    Forms,
    bootstrap_f,
    count_errors,
    familiarity,
    interval,
    recall_by_form,
    tally,
)
from shared.writing import ATTRS, staged


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
