"""A check for labels that nothing in the text tells."""

from collections import Counter, defaultdict
from typing import Dict, Iterator, List, Tuple

import numpy
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from checking.findings import Finding, finding, number
from checking.mentions import Mention, mention_place

# With fewer mentions on either side, a classifier that finds nothing says little
MIN_SIDE = 30
# Of a label's mentions; below, even wrong guesses on all of them cost little
MIN_MIXED_SHARE = 0.1
WINDOW = 5  # words to each side, about what the default tok2vec sees (four layers of window 1)
FOLDS = 5
SHUFFLES = 1000
MAX_CHANCE = 0.05


def check_context(found: List[Mention], label: str) -> Iterator[Finding]:
    """Whether words around a form tell, better than chance, when it is annotated with the label."""
    by_form: Dict[str, List[Mention]] = defaultdict(list)
    for mention in found:
        by_form[mention.form].append(mention)
    mixed = [
        mention
        for group in by_form.values()
        if 0 < sum(mention.label == label for mention in group) < len(group)
        for mention in group
    ]
    is_label = numpy.array([mention.label == label for mention in mixed], bool)
    n_label = sum(mention.label == label for mention in found)
    if min(is_label.sum(), (~is_label).sum()) < MIN_SIDE or is_label.sum() < (
        MIN_MIXED_SHARE * n_label
    ):
        return
    auc, chance = context_score(mixed, is_label)
    if chance <= MAX_CHANCE:
        return
    others = sorted({mention.label for mention in mixed} - {label, ""})
    forms = {mention.form for mention in mixed}
    yield finding(
        "context",
        "warning",
        [mention_place(mention) for mention in mixed],
        f"Nothing around {number(len(forms), 'form')} tells when they are {label}",
        f"They are in {is_label.sum():,} mentions and in {(~is_label).sum():,} not"
        + (f", or {', '.join(others)}" if others else "")
        + f". A classifier of the words around puts {auc:.0%} of such pairs into the right order; "
        "guessing has 50%. What depends on facts outside the text can't be learnt.",
        "Annotate what the text says, e.g. with one coarser label, and look the rest up afterwards.",
    )


def context_score(mixed: List[Mention], is_label: numpy.ndarray) -> Tuple[float, float]:
    """Cross-validate a classifier that sees the words around mentions.

    mixed (List[Mention]): Mentions of forms that are sometimes annotated with the label.
    is_label (numpy.ndarray): Whether each one is.
    RETURNS (Tuple[float, float]): The share of pairs of the same form, one annotated and one
        not, that it puts into the right order; and how often shuffled annotations do as well.
    """
    features = CountVectorizer(analyzer=_context, binary=True).fit_transform(mixed)
    forms = numpy.array([mention.form for mention in mixed])
    # Within a form both sides weigh the same, so that to know the form alone does not help
    sizes = Counter(zip(forms.tolist(), is_label.tolist()))
    weights = [1 / sizes[pair] for pair in zip(forms.tolist(), is_label.tolist())]
    scores = cross_val_predict(
        LogisticRegression(max_iter=1000),
        features,
        is_label,
        groups=[mention.text for mention in mixed],
        cv=StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0),
        method="decision_function",
        params={"sample_weight": numpy.array(weights) * len(mixed) / len(weights)},
    )
    rows = [numpy.flatnonzero(forms == form) for form in sorted(set(forms.tolist()))]
    share = _ordered_pairs(scores, is_label, rows)
    rng = numpy.random.default_rng(0)
    better = 0
    for _ in range(SHUFFLES):
        shuffled = is_label.copy()
        for row in rows:
            shuffled[row] = rng.permutation(is_label[row])
        better += _ordered_pairs(scores, shuffled, rows) >= share
    return share, (better + 1) / (SHUFFLES + 1)


def _ordered_pairs(scores: numpy.ndarray, yes: numpy.ndarray, rows: List[numpy.ndarray]) -> float:
    right = total = 0.0
    for row in rows:
        gaps = scores[row][yes[row]][:, None] - scores[row][~yes[row]]
        right += (gaps > 0).sum() + 0.5 * (gaps == 0).sum()
        total += gaps.size
    return right / total


def _context(mention: Mention) -> List[str]:
    span, doc = mention.span, mention.span.doc
    before = doc[max(span.start - WINDOW, 0) : span.start]
    after = doc[span.end : span.end + WINDOW]
    features = [f"<{token.lower_}" for token in before] + [f">{token.lower_}" for token in after]
    features.append(f"<<{before[-1].lower_ if len(before) else ''}")
    features.append(f">>{after[0].lower_ if len(after) else ''}")
    return [*features, *(token.shape_ for token in span)]
