"""Which candidates are worth a question next: a classifier that learns from rules and answers."""

from typing import NamedTuple, Optional

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from suggesting.candidates import Candidates

# What nobody has answered stands for "no", as so many candidates drawn by chance, since most of
# them are none, but together with a fraction of the weight of the known terms, since some are
N_BACKGROUND = 2000
BACKGROUND_WEIGHT = 0.25
MIN_BACKGROUND_WEIGHT = 5.0
N_FOLDS = 5


class TermVectors(NamedTuple):
    """Pretrained word vectors of all candidates."""

    means: np.ndarray  # a row each, the mean of its words' vectors, of unit length
    known: np.ndarray  # which candidates have any


def score(
    candidates: Candidates,
    yes: np.ndarray,
    no: np.ndarray,
    seed: int = 0,
    vectors: Optional[TermVectors] = None,
) -> np.ndarray:
    """Estimate how probable it is that a person accepts each candidate.

    Trees, since what decides differs from data to data (neighbours for ingredients, capitals for
    brands), and they weigh it for each kind of term. Extremely randomized ones (Geurts, Ernst
    and Wehenkel, 2006, "Extremely randomized trees") ranked better than logistic regression and
    SVMs on annotated training records that the simulated person had not seen, and are fast.

    With vectors there are two scores, one by trees that don't see them, and the result is their
    geometric mean: a term comes first that neither doubts.

    candidates (Candidates): All candidates.
    yes (np.ndarray): True for those that are rules or accepted.
    no (np.ndarray): True for those that are rejected, or belong to another label.
    seed (int): Seed of what is drawn by chance.
    vectors (Optional[TermVectors]): Pretrained vectors of the candidates, if there are any.
    RETURNS (np.ndarray): Scores, 0 to 1. All are the same if there is nothing to learn from.
    """
    features = np.hstack([candidates.features, _relations(candidates, yes, no)])
    random = np.random.RandomState(seed)
    background = random.permutation(np.flatnonzero(~(yes | no)))[:N_BACKGROUND]
    if not yes.any() or not (no.any() or len(background)):
        return np.full(len(yes), 0.5)
    rows = np.concatenate([np.flatnonzero(yes), np.flatnonzero(no), background])
    weights = np.ones(len(rows))
    if len(background):
        total = max(BACKGROUND_WEIGHT * yes.sum(), MIN_BACKGROUND_WEIGHT)
        weights[-len(background) :] = total / len(background)

    def trees(columns: np.ndarray) -> np.ndarray:
        model = ExtraTreesClassifier(
            n_estimators=100, min_samples_leaf=4, max_features=0.2, random_state=seed
        )
        model.fit(columns[rows], yes[rows], weights)
        return model.predict_proba(columns)[:, 1]

    probable = trees(features)
    if vectors is None:
        return probable
    with_likeness = np.hstack([features, _likeness(vectors, rows, yes[rows], seed)])
    return np.sqrt(probable * trees(with_likeness))


def order(candidates: Candidates, scores: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): Candidate numbers, those first that are probable and frequent."""
    return np.argsort(-scores * np.log1p(candidates.counts), kind="stable")


def _relations(candidates: Candidates, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): What a candidate contains, is part of, and shares its texts with."""
    ones, zeros = yes.astype("float32"), no.astype("float32")
    parts, texts = candidates.parts, candidates.texts
    n_texts = np.asarray(texts.sum(1)).ravel()
    # Its own occurrences would give away the answer
    beside = texts @ (texts.T @ ones) - n_texts * ones
    columns = [parts @ ones > 0, parts.T @ ones > 0, parts @ zeros > 0]
    columns.append(np.log1p(beside / np.maximum(n_texts, 1)))
    return np.stack(columns, 1).astype("float32")


def _likeness(vectors: TermVectors, rows: np.ndarray, yes: np.ndarray, seed: int) -> np.ndarray:
    """Say of each candidate how much its vector is like those of accepted terms.

    The trees learn little from hundreds of columns, so they get one: the log odds of a logistic
    regression. For a term that it learned from, it is one that learned from the other folds, since
    the trees would else take its own answer for evidence (stacking: Wolpert, 1992, "Stacked
    generalization").

    vectors (TermVectors): Vectors of the candidates.
    rows (np.ndarray): The candidates to learn from.
    yes (np.ndarray): Which of these are accepted.
    seed (int): Seed of the folds.
    RETURNS (np.ndarray): A column of log odds, 0 where there is no vector.
    """
    likeness = np.zeros((len(vectors.known), 1), "float32")
    has = vectors.known[rows]
    rows, yes = rows[has], yes[has]
    n_folds = min(N_FOLDS, int(yes.sum()), int((~yes).sum()))
    if n_folds < 2:
        return likeness

    def fit(learned: np.ndarray) -> LogisticRegression:
        model = LogisticRegression(class_weight="balanced", max_iter=1000)
        return model.fit(vectors.means[rows[learned]], yes[learned])

    likeness[vectors.known, 0] = fit(np.arange(len(rows))).decision_function(
        vectors.means[vectors.known]
    )
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for learned, other in folds.split(rows, yes):
        likeness[rows[other], 0] = fit(learned).decision_function(vectors.means[rows[other]])
    return likeness
