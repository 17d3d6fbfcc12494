"""Checks of whole texts: the same ones on two sides, and gold that is unlike the raw texts."""

import random
from statistics import median
from typing import Iterator, List, Tuple

import numpy
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from spacy.tokens import Doc
from tqdm import tqdm

from checking.findings import Data, Finding, Place, finding, number, place
from shared.likeness import MIN_TEXTS, shares_differ

# The usual bar for near-duplicates, e.g. Lee et al. (2022), Deduplicating training data
MIN_JACCARD = 0.8
MIN_TOKENS = 8  # shorter ones, such as thanks, are said again by chance
SHINGLE = 5  # characters, so that it works in languages without spaces, too
ROWS = 100  # compared at a time, which bounds the memory
# The medians of two samples of the same source are hardly ever this far apart
MAX_LENGTH_RATIO = 2.0
# A classifier tells which of a raw and a gold text is which in so many of the pairs
MAX_AUC = 0.8


def check_texts(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Near-duplicates in train and gold, and how gold differs from train."""
    yield from _check_duplicates(data)
    if min(len(data.gold), len(data.train)) >= MIN_TEXTS:
        yield from _check_length(data)
        yield from _check_share(data)
        yield from _check_words(data)


def near_duplicates(texts: List[str], others: List[str]) -> List[Tuple[int, int, float]]:
    """Find texts that are nearly the same as one of the others.

    texts (List[str]): Some texts.
    others (List[str]): What to compare them with.
    RETURNS (List[Tuple[int, int, float]]): For each text that has one, its number, the number
        of the most similar other text, and the Jaccard similarity of their character n-grams.
    """
    if not texts or not others:
        return []
    vectorizer = CountVectorizer(
        analyzer="char", ngram_range=(SHINGLE, SHINGLE), binary=True, dtype="float32"
    )
    vectorizer.fit(texts)
    # What the texts don't have never counts as common, but it does for the size
    columns = vectorizer.transform(others).T.tocsr()
    sizes = numpy.array(
        [len(set(shingles)) for shingles in map(vectorizer.build_analyzer(), others)]
    )
    rows = vectorizer.transform(texts)
    result = []
    for start in tqdm(range(0, len(texts), ROWS), "Comparing texts", disable=None):
        chunk = rows[start : start + ROWS]
        common = sparse.csr_matrix(chunk @ columns)
        own = numpy.asarray(chunk.sum(1)).ravel()
        for i in range(common.shape[0]):
            row = common[i]
            if row.nnz:
                jaccard = row.data / (own[i] + sizes[row.indices] - row.data)
                best = int(jaccard.argmax())
                if jaccard[best] >= MIN_JACCARD:
                    result.append((start + i, int(row.indices[best]), float(jaccard[best])))
    return result


def _check_duplicates(data: Data) -> Iterator[Finding]:
    gold = [(where, doc) for where, doc in zip(data.gold_lines, data.gold) if _is_long(doc)]
    lines, docs = data.train_lines + data.annotated_lines, data.train + data.annotated
    train = [(where, doc) for where, doc in zip(lines, docs) if _is_long(doc)]
    pairs = near_duplicates([doc.text for _, doc in gold], [doc.text for _, doc in train])
    places: List[Place] = []
    for i, j, _ in sorted(pairs, key=lambda pair: -pair[2]):
        places += [place(where, doc.text) for where, doc in (gold[i], train[j])]
    if pairs:
        yield finding(
            "near-duplicates",
            "warning",
            places,
            f"{number(len(pairs), 'gold text')} nearly the same as a training text",
            "The model has seen them, so it does better on them than it will on new texts.",
            "Take the training texts out. Each pair follows each other here.",
        )


def _check_length(data: Data) -> Iterator[Finding]:
    gold, train = (median(map(len, docs)) for docs in (data.gold, data.train))
    if max(gold, train) > MAX_LENGTH_RATIO * min(gold, train):
        yield Finding(
            "length",
            "warning",
            f"Gold texts have {gold:g} tokens (median), the raw texts {train:g}",
            "The scores are about texts of another kind than those that the model learns from.",
            "Draw the texts to annotate at random from the raw ones.",
        )


def _check_share(data: Data) -> Iterator[Finding]:
    """By the rules on both sides, so that like is compared with like."""
    counts = [sum(bool(doc.ents) for doc in docs) for docs in (data.by_rules, data.train)]
    if shares_differ(counts[0], len(data.by_rules), counts[1], len(data.train)):
        shares = [counts[0] / len(data.by_rules), counts[1] / len(data.train)]
        yield Finding(
            "share",
            "warning",
            f"The rules find something in {shares[0]:.0%} of the gold texts, in {shares[1]:.0%} of the raw ones",
            "Texts without entities are where false alarms come from. With too few or too many of them "
            "precision is better or worse than it will be.",
            "Draw the texts to annotate at random from the raw ones.",
        )


def _check_words(data: Data) -> Iterator[Finding]:
    size = min(len(data.gold), len(data.train))
    gold = random.Random(0).sample([doc.text for doc in data.gold], size)
    train = random.Random(0).sample([doc.text for doc in data.train], size)
    is_gold = numpy.repeat([True, False], size)
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\b\w+\b", min_df=2, sublinear_tf=True)
    classifier = LogisticRegression(max_iter=1000)
    model = make_pipeline(vectorizer, classifier)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(
        model, [*gold, *train], is_gold, cv=folds, method="decision_function"
    )
    auc = roc_auc_score(is_gold, scores)
    if auc < MAX_AUC:
        return
    model.fit([*gold, *train], is_gold)
    words = vectorizer.get_feature_names_out()[numpy.argsort(classifier.coef_[0], kind="stable")]
    yield Finding(
        "words",
        "warning",
        f"Gold and raw texts can be told apart by their words in {auc:.0%} of pairs",
        f"50% is chance. Typical of gold: {', '.join(words[:-7:-1])}; of the raw texts: "
        f"{', '.join(words[:6])}. The scores are about texts of another kind.",
        "Draw the texts to annotate at random from the raw ones.",
    )


def _is_long(doc: Doc) -> bool:
    return len(doc) >= MIN_TOKENS
