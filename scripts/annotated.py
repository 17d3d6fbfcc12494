"""Texts that people annotated to learn from: they go into train as they are."""

from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from common import ATTRS
from gold import load_gold
from splits import bare_hash

# Sorted behind the shards with the rules' labels, from which the report takes examples
SHARD = "annotated.spacy"


class Annotated(NamedTuple):
    """What people annotated to learn from.

    docs (List[Doc]): The docs for train.
    n_in_gold (int): How many were left out since they measure.
    n_bad_spans (int): How many spans were left out.
    """

    docs: List[Doc]
    n_in_gold: int = 0
    n_bad_spans: int = 0


def load_annotated(
    nlp: Language, path: Optional[Path], gold_docs: List[Doc], skip_bad_spans: bool
) -> Annotated:
    """Read annotated texts and leave out those that are gold.

    nlp (Language): Tokenizes the texts.
    path (Optional[Path]): The texts, JSONL in the format of gold, if there are any.
    gold_docs (List[Doc]): The gold records.
    skip_bad_spans (bool): Leave out spans that can't be used instead of failing.
    RETURNS (Annotated): The docs, and what was left out.
    RAISES (InputError): If the file is broken.
    """
    if path is None:
        return Annotated([])
    docs, n_bad_spans = load_gold(nlp, path, skip_bad_spans)
    gold = {bare_hash(doc.text) for doc in gold_docs}
    kept = [doc for doc in docs if bare_hash(doc.text) not in gold]
    return Annotated(kept, len(docs) - len(kept), n_bad_spans)


def write_annotated(docs: List[Doc], folder: Path, counts: Dict[str, Counter]) -> None:
    """Write the docs as one more shard, and count what they teach.

    docs (List[Doc]): The docs.
    folder (Path): The training corpus.
    counts (Dict[str, Counter]): What was counted in its other shards; these are added.
    """
    if not docs:
        return
    DocBin(ATTRS, docs=docs).to_disk(folder / SHARD)
    for name in ("totals", "labels", "forms"):
        counts.setdefault(name, Counter())
    for doc in docs:
        counts["totals"].update(texts=1, tokens=len(doc), without_entities=not doc.ents)
        for ent in doc.ents:
            counts["labels"][ent.label_] += 1
            counts["forms"][ent.label_, ent.text.casefold()] += 1
