"""Checks of forms that are annotated here and not there."""

from collections import Counter, defaultdict
from itertools import chain
from typing import Dict, Iterator, List, Tuple

from spacy.tokens import Span

from checking.context import check_context
from checking.findings import Data, Finding, finding, number, span_place
from checking.mentions import Mention, form_of, mention_place, mentions
from reading.lines import Line

# Of a form that is so often annotated the other mentions may be oversights
MIN_MENTIONS, MAX_ODD_SHARE = 10, 0.1
# A rule's form that gold has so often and mostly not as an entity teaches the wrong thing
MIN_FOUND, MIN_RIGHT_SHARE = 3, 0.5


def check_forms(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Forms annotated in different ways, in gold or by gold and rules."""
    found = mentions(data.by_people)
    yield from _check_same_context(found)
    yield from _check_odd_ones(found)
    yield from _check_rules(data)
    for label in data.labels:
        yield from check_context(found, label)


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
            [mention_place(mention) for group in groups for mention in _one_each(group)],
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
            [mention_place(mention) for mention in odd],
            f"{number(len(odd), 'mention')} annotated unlike nearly all others of the form",
            f"The form is annotated in one way in {1 - MAX_ODD_SHARE:.0%} of its mentions or more. What "
            "was overlooked counts as wrong when it is found.",
            "Read them, and annotate what was overlooked.",
        )


def _check_rules(data: Data) -> Iterator[Finding]:
    right: Counter = Counter()
    wrong: Dict[Tuple[str, str], List[Tuple[Line, Span]]] = defaultdict(list)
    more = data.nlp.pipe(doc.text for doc in data.annotated)
    for (where, doc), ruled in zip(data.by_people, chain(data.by_rules, more)):
        annotated = {(ent.start, ent.end, ent.label_) for ent in doc.ents}
        for ent in ruled.ents:
            key = (form_of(ent), ent.label_)
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
            f"{number(len(bad), 'form')} that rules find and people mostly did not mark",
            "The rules teach it from the training texts, and what is learnt counts as wrong.",
            "Make the rule narrower or delete it, or mend the annotations.",
        )


def _one_each(group: List[Mention]) -> List[Mention]:
    """RETURNS (List[Mention]): The first mention with each label."""
    return list({mention.label: mention for mention in reversed(group)}.values())[::-1]
