"""Checks of single annotations and of how many there are."""

from collections import Counter
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, Span

from checking.findings import Data, Finding, Place, finding, number, place, span_place
from reading.lines import Line
from reading.splits import gold_side, text_hash

# From here on the 95% interval of a recall of one half is within 10 points: (1.96 / 2 / 0.1)^2
MIN_TEST_ENTITIES = 96
# Under a tenth of the largest label, all mistakes on a label move the micro-averaged F1 by less
# than a tenth, so that nobody notices
MIN_LABEL_SHARE = 0.1
# With fewer forms than this each is over a twentieth of what the model sees of the label: it is
# cheaper to learn the list than the contexts
MIN_FORMS = 20
BRACKETS = {")": "(", "]": "[", "}": "{"}


def check_spans(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Spans that can't be used or whose edges look wrong."""
    if data.problems:
        yield finding(
            "unusable",
            "error",
            [place(where, problem.split(": ", 1)[1]) for where, problem in data.problems],
            f"{number(len(data.problems), 'annotated span')} can't be used",
            "They are no entities for spaCy, so the record counts as if nothing were there.",
            "Mend them, or leave them out with --vars.bad_spans skip",
        )
    spans = [(where, ent) for where, doc in data.by_people for ent in doc.ents]
    space = [pair for pair in spans if pair[1].text != pair[1].text.strip()]
    if space:
        yield finding(
            "space",
            "error",
            _places(space),
            f"{number(len(space), 'annotated span')} with space at an edge",
            "spaCy never predicts such an entity, so it counts as missed for ever.",
            "Move the edge to the word.",
        )
    punctuation = [pair for pair in spans if has_loose_punctuation(pair[1])]
    if punctuation:
        yield finding(
            "punctuation",
            "warning",
            _places(punctuation),
            f"{number(len(punctuation), 'annotated span')} with punctuation at an edge",
            "Start and end must be right to count. Where some spans have the comma and others "
            "not, nothing can learn which.",
            "Move the edge to the word, unless the sign is part of the name.",
        )
    crossing = [pair for pair in spans if _crosses_sentence(pair[1])]
    if crossing:
        yield finding(
            "sentences",
            "warning",
            _places(crossing),
            f"{number(len(crossing), 'annotated span')} across the end of a sentence",
            "An entity is within a sentence; two in one span teach a wrong edge.",
            "Split them, unless the sign is part of the name.",
        )


def check_records(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Texts that people annotated twice, with different annotations."""
    first: Dict[bytes, Tuple[Line, Doc]] = {}
    places: List[Place] = []
    for where, doc in data.by_people:
        one = first.setdefault(text_hash(doc.text), (where, doc))
        if _labels(one[1].ents) != _labels(doc.ents):
            places += [place(line, text.text) for line, text in (one, (where, doc))]
    if places:
        yield finding(
            "contradiction",
            "error",
            places,
            f"{number(len(places) // 2, 'text')} annotated twice, in different ways",
            "Only the first one is used; the other one says that it may be wrong.",
            "Decide for one and delete the other. Each pair follows each other here.",
        )


def check_numbers(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Labels with too few examples or forms, or much fewer than others."""
    in_test = Counter(
        ent.label_ for doc in data.gold if gold_side(doc.text) == "test" for ent in doc.ents
    )
    in_train: Dict[str, Counter] = {}
    for doc in [*data.train, *data.annotated]:
        for ent in doc.ents:
            in_train.setdefault(ent.label_, Counter())[ent.text.casefold()] += 1
    known = sorted({ent.label_ for doc in data.by_rules for ent in doc.ents} | set(in_train))
    for label in data.labels:
        if label not in known:
            yield Finding(
                "labels",
                "error",
                f"No rule finds any {label}, a label of gold",
                "Nothing can learn to find it, so all of it counts as missed.",
                "Add patterns for it, or take it out of gold.",
            )
        elif 0 < in_test[label] < MIN_TEST_ENTITIES:
            yield Finding(
                "few",
                "warning",
                f"Only {number(in_test[label], 'entity', 'entities')} {label} in the test half",
                f"Under {MIN_TEST_ENTITIES} the 95% interval of its recall is wider than plus or "
                "minus 10 points: most improvements can't be told from luck.",
                f"Annotate more texts that have it: {MIN_TEST_ENTITIES - in_test[label]} more entities in "
                "the test half, so about twice as many in all.",
            )
    for label in known if data.labels else []:
        if not in_test[label]:
            yield Finding(
                "labels",
                "warning",
                f"No {label} is annotated in the test half of gold",
                "What the rules and the model find of it counts as wrong.",
                "Annotate it, or take out its patterns.",
            )
    yield from _check_balance({label: forms.total() for label, forms in in_train.items()})
    for label, forms in sorted(in_train.items()):
        if len(forms) < MIN_FORMS:
            shown = ", ".join(form for form, _ in forms.most_common(5))
            yield Finding(
                "forms",
                "warning",
                f"Only {number(len(forms), 'form')} of {label} in the training texts: {shown}"
                + (", ..." if len(forms) > 5 else ""),
                "The model learns the list and not what the words around tell, so it finds no more "
                "than the rules.",
                f"Have {MIN_FORMS} or more: add patterns that match others, or raw texts that have some.",
            )


def check_ties(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Rules that match the same words with different labels."""
    ruler: Any = data.nlp.get_pipe("span_ruler")
    order = {rule["id"]: i for i, rule in enumerate(ruler.patterns)}
    cases: Dict[Tuple[str, str], List[Tuple[Line, Span]]] = {}
    if len({rule["label"] for rule in ruler.patterns}) < 2:
        return
    lines, docs = data.train_lines + data.gold_lines, data.train + data.by_rules
    for where, doc in zip(lines, docs):
        entities = {(ent.start, ent.end): ent for ent in doc.ents}
        first: Dict[Tuple[int, int], Span] = {}
        for span in sorted(ruler.match(doc), key=lambda span: order[span.id_]):
            best = first.setdefault((span.start, span.end), span)
            chosen = entities.get((span.start, span.end))
            if span is best and chosen is not None and chosen.label != best.label:
                cases.setdefault((best.id_, chosen.label_), []).append((where, best))
    for (rule_id, label), spans in sorted(cases.items(), key=lambda case: -len(case[1])):
        yield finding(
            "ties",
            "warning",
            _places(spans),
            f"{number(len(spans), 'match', 'matches')} of the rule {rule_id} get the label {label} "
            "of a later rule",
            "Both match exactly these words, and the later rule is not only of words, so the order "
            "of the patterns does not decide.",
            'Make the later rule narrower, e.g. with {"LOWER": {"NOT_IN": [...]}}.',
        )


def _check_balance(counts: Dict[str, int]) -> Iterator[Finding]:
    most = max(counts, key=lambda label: (counts[label], label), default="")
    for label in sorted(counts):
        if counts[label] < MIN_LABEL_SHARE * counts[most]:
            yield Finding(
                "balance",
                "warning",
                f"{label} has {number(counts[label], 'entity', 'entities')} in the training "
                f"texts, {most} {counts[most]:,}",
                "The model can pass over a rare label at hardly any cost, and one F1 over all labels "
                "does not show it.",
                "Add texts or patterns for it, and look at its own score.",
            )


def _places(spans: List[Tuple[Line, Span]]) -> List[Place]:
    return [span_place(where, span) for where, span in spans]


def _labels(ents: Iterable[Span]) -> List[Tuple[str, str]]:
    """RETURNS (list): Texts and labels; offsets differ where the white space does."""
    return [(ent.text.casefold(), ent.label_) for ent in ents]


def has_loose_punctuation(span: Span) -> bool:
    """RETURNS (bool): Whether it begins or ends with a sign, other than brackets within a name."""
    first, last = span[0].text, span[-1].text
    if last in BRACKETS and BRACKETS[last] in span.text:
        return span[0].is_punct and first != BRACKETS[last] and not span[0].is_bracket
    return span[0].is_punct or span[-1].is_punct


def _crosses_sentence(span: Span) -> bool:
    [starts] = Sentencizer().predict([span.doc])
    return any(starts[span.start + 1 : span.end])
