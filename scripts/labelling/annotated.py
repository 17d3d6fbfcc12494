"""Texts that people annotated to learn from: they go into train as they are."""

from collections import Counter
from itertools import compress
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from labelling.matching import Labeller
from labelling.slow import label_again
from reading.gold import less_gold, load_gold, offsets
from reading.splits import held_out_by_hash, text_hash
from shared.writing import ATTRS, BY_PEOPLE

# So many annotated texts for one that the rules labelled, copies included
WEIGHT = 1
# With more copies a handful of texts would be learned by heart
MAX_COPIES = 20
# With fewer annotated texts what the rules say of a text without an entity counts more
PRIOR = 10
# A score on fewer entities would choose a model by chance
MIN_DEV = 10
# Of what people marked; rules that find less are no measure for a model
ENOUGH = 0.5


class Annotated(NamedTuple):
    """What people annotated to learn from.

    docs (List[Doc]): The docs for train.
    by_rules (List[Doc]): The same texts with the rules' labels, see `compare`.
    n_in_gold (int): How many were left out since they measure.
    n_bad_spans (int): How many spans were left out.
    dev (Sequence[Doc]): The docs for dev, if there is no gold.
    """

    docs: List[Doc]
    by_rules: Sequence[Doc] = ()
    n_in_gold: int = 0
    n_bad_spans: int = 0
    dev: Sequence[Doc] = ()


def load_annotated(
    nlp: Language, path: Optional[Path], gold_docs: List[Doc], skip_bad_spans: bool
) -> Annotated:
    """Read annotated texts and leave out those that are gold.

    nlp (Language): Tokenizes the texts.
    path (Optional[Path]): The texts, JSONL in the format of gold, if there are any.
    gold_docs (List[Doc]): The gold records.
    skip_bad_spans (bool): Leave out spans that can't be used instead of failing.
    RETURNS (Annotated): The docs for train, and what was left out.
    RAISES (InputError): If the file is broken.
    """
    if path is None:
        return Annotated([])
    docs, n_bad_spans = load_gold(nlp, path, skip_bad_spans)
    kept = less_gold(docs, (doc.text for doc in gold_docs))
    return Annotated(kept, (), len(docs) - len(kept), n_bad_spans)


def compare(annotated: Annotated, label: Labeller, rules: List[Dict[str, Any]]) -> Annotated:
    """Label the annotated texts with the rules, to see what these would find in texts like them.

    Nothing that a person marked in one text alone is found there, since it would not be a rule if the
    text were not annotated.

    annotated (Annotated): The docs.
    label (Labeller): The rules.
    rules (List[Dict[str, Any]]): The same, from `collect_rules`.
    RETURNS (Annotated): The docs, with the rules' labels beside them.
    """
    once = {rule["id"] for rule in rules if rule.get("marked") == 1}
    by_rules = label_again(label, annotated.docs)
    for doc, found in zip(annotated.docs, by_rules):
        own = {*offsets(doc)}
        pairs = zip(found.ents, offsets(found))
        found.ents = [ent for ent, place in pairs if not (ent.id_ in once and place in own)]  # type: ignore[assignment]
    return annotated._replace(by_rules=by_rules)


def hold_out(annotated: Annotated) -> Annotated:
    """Let a part of the annotated texts be dev, if there is no gold and the rules miss too much.

    Dev has the rules' labels then, and chooses the model that repeats them best, whatever people showed
    to it. Where the rules find most of what people marked that does little harm, and all annotated texts
    are worth more in train. Else those are dev that would be held out if nobody had annotated them, about
    a fifth, unless they have fewer than MIN_DEV entities.

    annotated (Annotated): The docs, all of them for train.
    RETURNS (Annotated): The docs for train and for dev.
    """
    docs, by_rules = annotated.docs, annotated.by_rules
    marked = sum(len(doc.ents) for doc in docs)
    found = sum(len({*offsets(doc)} & {*offsets(other)}) for doc, other in zip(docs, by_rules))
    in_train = [not held_out_by_hash(doc.text) for doc in docs]
    dev = [doc for doc, kept in zip(docs, in_train) if not kept]
    if found >= ENOUGH * marked or sum(len(doc.ents) for doc in dev) < MIN_DEV:
        return annotated
    train, train_by_rules = (list(compress(side, in_train)) for side in (docs, by_rules))
    return annotated._replace(docs=train, by_rules=train_by_rules, dev=dev)


def write_annotated(
    annotated: Annotated, nlp: Language, folder: Path, counts: Dict[str, Counter]
) -> Dict[str, Any]:
    """Write the docs into the training corpus, count what they teach, and give them their weight.

    Simply added, a few texts that people annotated can't make up for what the rules leave out in
    thousands. So the rules' texts say less once there are any:

    - In a text with a match, only the match is learned; all else there is left without annotation,
      since a text with one entity often has more (partial annotation: Mayhew et al., 2019, "Named
      Entity Recognition with Partially Annotated Training Data"). With vectors that is so until
      `look_twice` has found more.
    - Terms that people marked are rules, which match in other texts, too (`collect_rules`).
    - Texts without a match are "no entity" as before, but no more of them than gives the share of
      such texts that people show, since in the others the rules miss something. With more the
      recognizer finds too little, and without any far too much.
    - The annotated texts are repeated until they are as many as those with a match.

    What that is worth is measured by `spacy project run benchmark . --vars.benchmark minutes`.

    annotated (Annotated): The docs.
    nlp (Language): The rules pipeline.
    folder (Path): The training corpus, with the rules' labels.
    counts (Dict[str, Counter]): What was counted in it; changed to what is there after this.
    RETURNS (dict): "copies" of each doc, texts of the rules "left_out", and "share_empty", the share of
        texts without an entity that people show, None without docs.
    """
    docs, by_rules = annotated.docs, annotated.by_rules
    if not docs:
        return {"copies": 0, "left_out": 0, "share_empty": None}
    for name in ("totals", "labels", "forms", "in_annotated", "right_in_annotated"):
        counts.setdefault(name, Counter())
    totals = counts["totals"]
    n_empty = totals["without_entities"]
    n_labelled = totals["texts"] - n_empty
    share = _share_without(docs, by_rules, n_empty / max(totals["texts"], 1))
    n_kept = min(n_empty, round(n_labelled * share / (1 - share))) if share < 1 else n_empty
    totals.update(texts=n_kept - n_empty, without_entities=n_kept - n_empty)
    totals["tokens"] = _say_less(nlp, folder, n_kept)
    copies = min(max(round(WEIGHT * n_labelled / len(docs)), 1), MAX_COPIES)
    for number in range(copies):
        DocBin(ATTRS, docs=docs).to_disk(folder / BY_PEOPLE.replace("*", str(number)))
    for doc, found in zip(docs, by_rules):
        totals.update(texts=1, tokens=len(doc), without_entities=not doc.ents)
        for ent in doc.ents:
            counts["labels"][ent.label_] += 1
            counts["forms"][ent.label_, ent.text.casefold(), ""] += 1
        right = {*offsets(doc)}
        for ent, place in zip(found.ents, offsets(found)):
            counts["in_annotated"][ent.id_] += 1
            counts["right_in_annotated"][ent.id_] += place in right
    return {"copies": copies, "left_out": n_empty - n_kept, "share_empty": share}


def _share_without(docs: List[Doc], by_rules: Sequence[Doc], unmatched: float) -> float:
    """Estimate which share of the texts has no entity.

    People may have marked more of the texts with a match than chance would, so those with one and
    those without count apart. A few texts say little, so to each side come PRIOR made-up ones, for
    which the rules are right.

    docs (List[Doc]): What people annotated.
    by_rules (Sequence[Doc]): The same texts with the rules' labels.
    unmatched (float): The share of raw texts without a match.
    RETURNS (float): The share, 0 to 1.
    """
    share = 0.0
    for has_match, weight in ((True, 1 - unmatched), (False, unmatched)):
        side = [doc for doc, found in zip(docs, by_rules) if bool(found.ents) == has_match]
        without = sum(not doc.ents for doc in side) + PRIOR * (not has_match)
        share += weight * without / (len(side) + PRIOR)
    return share


def _say_less(nlp: Language, folder: Path, n_kept: int) -> int:
    """Leave all but the matches without annotation in texts that have any, and keep so many others.

    Those with the smallest hashes are kept, so that it does not depend on how the texts are dealt
    out to shards.

    RETURNS (int): The number of tokens that are kept.
    """
    paths = sorted(folder.iterdir())
    shards = (DocBin().from_disk(path).get_docs(nlp.vocab) for path in paths)
    keys = sorted(text_hash(doc.text) for docs in shards for doc in docs if not doc.ents)
    kept = set(keys[:n_kept])
    n_tokens = 0
    for path in paths:
        docs = []
        for doc in DocBin().from_disk(path).get_docs(nlp.vocab):
            if doc.ents:
                doc.set_ents(list(doc.ents), default="missing")
            if doc.ents or text_hash(doc.text) in kept:
                docs.append(doc)
        path.unlink()
        if docs:
            DocBin(ATTRS, docs=docs).to_disk(path)
        n_tokens += sum(map(len, docs))
    return n_tokens
