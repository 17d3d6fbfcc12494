"""Checks of forms that are annotated here and not there."""

from collections import Counter, defaultdict
from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from checks import Data, Finding, Place, finding, number, span_place
from lines import Line

# Of a form that is so often annotated the other mentions may be oversights
MIN_MENTIONS, MAX_ODD_SHARE = 10, 0.1
# A rule's form that gold has so often and mostly not as an entity teaches the wrong thing
MIN_FOUND, MIN_RIGHT_SHARE = 3, 0.5
# With fewer mentions on either side, a classifier that finds nothing says little
MIN_SIDE = 30
# Of a label's mentions; below, even wrong guesses on all of them cost little
MIN_MIXED_SHARE = 0.1
WINDOW = 5  # words to each side, about what the default tok2vec sees (four layers of window 1)
FOLDS = 5
SHUFFLES = 1000
MAX_CHANCE = 0.05


class Mention(NamedTuple):
    """A place in an annotated text where a form stands that is annotated somewhere."""

    text: int  # number of the text
    where: Line
    span: Span
    form: str
    label: str  # "" if it is not annotated here


def check_forms(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Forms annotated in different ways, in gold or by gold and rules."""
    found = mentions(data.by_people)
    yield from _check_same_context(found)
    yield from _check_odd_ones(found)
    yield from _check_rules(data)
    for label in data.labels:
        yield from _check_context_tells(found, label)


def mentions(texts: List[Tuple[Line, Doc]]) -> List[Mention]:
    """Find all mentions of the forms that are annotated somewhere.

    texts (List[Tuple[Line, Doc]]): Docs with entities, and where they are.
    RETURNS (List[Mention]): The entities, and what has the form of one, case aside, and does
        not overlap with any. Of overlapping ones the longest.
    """
    ents = [ent for _, doc in texts for ent in doc.ents]
    if not ents:
        return []
    matcher = PhraseMatcher(ents[0].vocab, attr="LOWER")
    forms = {_form(ent): ent for ent in ents}
    matcher.add("FORM", [ent.as_doc() for ent in forms.values()])
    result = []
    for i, (where, doc) in enumerate(texts):
        result += [Mention(i, where, ent, _form(ent), ent.label_) for ent in doc.ents]
        free = [span for span in matcher(doc, as_spans=True) if not span.ents and _is_free(span)]
        result += [Mention(i, where, span, _form(span), "") for span in filter_spans(free)]
    return result


def _check_same_context(found: List[Mention]) -> Iterator[Finding]:
    """Variation n-grams with a word of context on each side: Dickinson and Meurers (2003)."""
    by_context: Dict[Tuple[str, str, str], List[Mention]] = defaultdict(list)
    for mention in found:
        span = mention.span
        if 0 < span.start and span.end < len(span.doc):
            before, after = span.doc[span.start - 1], span.doc[span.end]
            if not before.is_space and not after.is_space:
                by_context[before.lower_, mention.form, after.lower_].append(mention)
    groups = [
        group for group in by_context.values() if len({mention.label for mention in group}) > 1
    ]
    if groups:
        yield finding(
            "same context",
            "warning",
            [_place(mention) for group in groups for mention in _one_each(group)],
            f"{number(len(groups), 'form')} annotated in different ways between the same words",
            "One of the two is most likely a mistake. Mistakes in gold make a right answer count "
            "as wrong, others are learned.",
            "Compare the records, which follow each other here, and mend them or the guide.",
        )


def _check_odd_ones(found: List[Mention]) -> Iterator[Finding]:
    by_form: Dict[str, List[Mention]] = defaultdict(list)
    for mention in found:
        by_form[mention.form].append(mention)
    odd = []
    for group in by_form.values():
        [(label, most)] = Counter(mention.label for mention in group).most_common(1)
        if label and MIN_MENTIONS <= len(group) and len(group) - most <= MAX_ODD_SHARE * len(group):
            odd += [mention for mention in group if mention.label != label]
    if odd:
        yield finding(
            "odd ones",
            "warning",
            [_place(mention) for mention in odd],
            f"{number(len(odd), 'mention')} annotated unlike nearly all others of the form",
            f"The form is annotated in one way in {1 - MAX_ODD_SHARE:.0%} of its mentions or more. What "
            "was overlooked counts as wrong when it is found.",
            "Read them, and annotate what was overlooked.",
        )


def _check_rules(data: Data) -> Iterator[Finding]:
    right: Counter = Counter()
    wrong: Dict[Tuple[str, str], List[Tuple[Line, Span]]] = defaultdict(list)
    for where, gold, ruled in zip(data.gold_lines, data.gold, data.by_rules):
        annotated = {(ent.start, ent.end, ent.label_) for ent in gold.ents}
        for ent in ruled.ents:
            key = (_form(ent), ent.label_)
            if (ent.start, ent.end, ent.label_) in annotated:
                right[key] += 1
            else:
                wrong[key].append((where, ent))
    bad = {
        key: places
        for key, places in wrong.items()
        if right[key] + len(places) >= MIN_FOUND
        and right[key] < MIN_RIGHT_SHARE * (right[key] + len(places))
    }
    places = []
    for form, label in sorted(bad, key=lambda key: (-len(bad[key]), key)):
        found = bad[form, label]
        share = f"{right[form, label]} of {right[form, label] + len(found)} right"
        where, span = found[0]
        places.append(span_place(where, span, f"{label}, {share}, rule {span.ent_id_}"))
    if bad:
        yield finding(
            "rules",
            "warning",
            places,
            f"{number(len(bad), 'form')} that rules find and gold mostly has not",
            "The rules teach it from the training texts, and what is learnt counts as wrong.",
            "Make the rule narrower or delete it, or mend gold.",
        )


def _check_context_tells(found: List[Mention], label: str) -> Iterator[Finding]:
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
        [_place(mention) for mention in mixed],
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


def _one_each(group: List[Mention]) -> List[Mention]:
    """RETURNS (List[Mention]): The first mention with each label."""
    return list({mention.label: mention for mention in reversed(group)}.values())[::-1]


def _is_free(span: Span) -> bool:
    return not any(token.ent_type for token in span)


def _form(span: Span) -> str:
    return " ".join(token.lower_ for token in span)


def _place(mention: Mention) -> Place:
    return span_place(mention.where, mention.span, mention.label or "not marked")
