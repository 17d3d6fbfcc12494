"""Texts that people annotated to learn from: they go into train as they are."""

import math
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from reading.gold import load_gold
from reading.splits import bare_hash
from shared.writing import ATTRS

# Sorted behind the shards with the rules' labels, from which the report takes examples
SHARD = "annotated-{}.spacy"
# So many annotated texts for one that the rules labelled, copies included
WEIGHT = 2
# With more copies they would be learned by heart
MAX_COPIES = 10


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


def write_annotated(
    docs: List[Doc], nlp: Language, folder: Path, counts: Dict[str, Counter]
) -> Dict[str, int]:
    """Write the docs into the training corpus, count what they teach, and give them their weight.

    What the rules leave out is mostly no entity, but not always, and a few hundred annotated texts
    among thousands can't make up for it. So if there are enough of them to teach what is no
    entity, the rules only say what is one: in their texts all other tokens are left without
    annotation, texts without an entity are left out, and the annotated ones are written several
    times. On 649 annotated and 7,221 raw texts on cooking, F1 of the pipeline is 76.2 so, the mean
    of seeds 0, 1 and 2, where the annotated ones alone give 74.3 (`spacy project run benchmark`).
    With fewer rows in configs/ner.cfg it was 46.1 if they are only added, 44.8 with 6 copies, and
    with all of this 74.8, 77.3, 77.2 and 75.4 with 3, 5, 6 and 10 copies.

    docs (List[Doc]): The docs.
    nlp (Language): Has the vocabulary of the corpus.
    folder (Path): The training corpus, with the rules' labels.
    counts (Dict[str, Counter]): What was counted in it; changed to what is there after this.
    RETURNS (Dict[str, int]): "copies" of each doc, and texts of the rules "left_out".
    """
    if not docs:
        return {"copies": 0, "left_out": 0}
    for name in ("totals", "labels", "forms"):
        counts.setdefault(name, Counter())
    totals = counts["totals"]
    n_labelled = totals["texts"] - totals["without_entities"]
    copies = max(math.ceil(WEIGHT * n_labelled / len(docs)), 1)
    left_out = 0
    if copies > MAX_COPIES:
        copies = 1
    else:
        left_out = totals["without_entities"]
        totals.update(texts=-left_out, without_entities=-left_out)
        totals["tokens"] = sum(_keep_entities(nlp, path) for path in sorted(folder.iterdir()))
    for number in range(copies):
        DocBin(ATTRS, docs=docs).to_disk(folder / SHARD.format(number))
    for doc in docs:
        totals.update(texts=1, tokens=len(doc), without_entities=not doc.ents)
        for ent in doc.ents:
            counts["labels"][ent.label_] += 1
            counts["forms"][ent.label_, ent.text.casefold(), ""] += 1
    return {"copies": copies, "left_out": left_out}


def _keep_entities(nlp: Language, path: Path) -> int:
    """Keep the texts with entities of a shard, and only say of these what they are.

    RETURNS (int): The number of tokens that are kept.
    """
    kept = [doc for doc in DocBin().from_disk(path).get_docs(nlp.vocab) if doc.ents]
    for doc in kept:
        doc.set_ents(list(doc.ents), default="missing")
    path.unlink()
    if kept:
        DocBin(ATTRS, docs=kept).to_disk(path)
    return sum(map(len, kept))
