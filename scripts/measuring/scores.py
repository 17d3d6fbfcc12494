"""What evaluate counts: hits and errors, intervals, recall on known and new forms."""

from collections import Counter
from typing import Any, Dict, List, Optional, Set, Tuple

import numpy
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.training import Example

STAGES = ("rules", "model", "pipeline")
PAIRS = (("model", "rules"), ("pipeline", "rules"), ("pipeline", "model"))


def percent(score: Optional[float]) -> str:
    """RETURNS (str): A share (0 to 1) as a percentage with one decimal, "-" for None."""
    return "-" if score is None else f"{100 * score:.1f}"


def percent_range(bounds: Optional[List[float]]) -> str:
    """RETURNS (str): An interval of shares as percentages, "-" for None."""
    return "-" if bounds is None else f"{percent(bounds[0])} to {percent(bounds[1])}"


def points(difference: Optional[float]) -> str:
    """RETURNS (str): A difference of shares in percentage points, with its sign."""
    # Adding zero makes -0.0 a +0.0
    return "-" if difference is None else f"{round(100 * difference, 1) + 0:+.1f}"


def points_range(bounds: Optional[List[float]]) -> str:
    """RETURNS (str): An interval of differences in percentage points, "-" for None."""
    return "-" if bounds is None else f"{points(bounds[0])} to {points(bounds[1])}"


RESAMPLES = 2000
ERROR_KINDS = ("missed", "spurious", "wrong_boundary", "wrong_label")
# Where an entity's form is known from: the training labels, a rule but no training label, neither
GROUPS = ("seen", "rule_only", "new")
Forms = Dict[str, Set[str]]


def tally(examples: List[Example]) -> numpy.ndarray:
    """RETURNS (numpy.ndarray): For each doc its true positives, false positives and false
    negatives, shape (docs, 3). A true positive has the right start, end and label."""
    rows = []
    for eg in examples:
        gold, found = entities(eg.reference), entities(eg.predicted)
        rows.append((len(gold & found), len(found - gold), len(gold - found)))
    return numpy.asarray(rows, dtype="int64").reshape((len(rows), 3))


def bootstrap_f(counts: numpy.ndarray, seed: int) -> numpy.ndarray:
    """Draw documents with replacement, as many as there are, and compute F1, many times.

    The same seed draws the same documents, so samples of two systems can be subtracted
    (the paired bootstrap: Efron & Tibshirani 1993; Berg-Kirkpatrick et al. 2012).

    counts (numpy.ndarray): What `tally` returns.
    seed (int): The seed.
    RETURNS (numpy.ndarray): F1 of each resample, NaN where it holds no entity at all.
    """
    n_docs = len(counts)
    if not n_docs:
        return numpy.full(RESAMPLES, numpy.nan)
    rng = numpy.random.default_rng(seed)
    # One resample at a time, so that memory does not grow with their number
    draws = (rng.integers(n_docs, size=n_docs) for _ in range(RESAMPLES))
    sums = numpy.asarray([counts[drawn].sum(axis=0) for drawn in draws])
    hits, spurious, missed = sums.T
    with numpy.errstate(invalid="ignore"):
        return 2 * hits / (2 * hits + spurious + missed)


def interval(samples: numpy.ndarray) -> Optional[List[float]]:
    """RETURNS (List[float]): The 2.5th and 97.5th percentile, None if nothing can be measured."""
    samples = samples[~numpy.isnan(samples)]
    if not len(samples):
        return None
    return [float(bound) for bound in numpy.percentile(samples, (2.5, 97.5))]


def f_interval(counts: numpy.ndarray, samples: numpy.ndarray) -> Optional[List[float]]:
    """Give the 95% interval of F1.

    Where nothing is right, or nothing is wrong, every resample says the same, as if it were
    certain. There the bound is an exact one: F1 is 2J / (1 + J), and J is a plain share, that
    of the right ones among all entities that are marked or found.

    counts (numpy.ndarray): What `tally` returns.
    samples (numpy.ndarray): What `bootstrap_f` returns for it.
    RETURNS (List[float]): The bounds, None if nothing can be measured.
    """
    right, wrong = int(counts[:, 0].sum()), int(counts[:, 1:].sum())
    if bool(right) == bool(wrong):
        return interval(samples)
    bound = exact_bound(right + wrong)
    return [2 * j / (1 + j) for j in ((1 - bound, 1.0) if right else (0.0, bound))]


def exact_bound(number: int) -> float:
    """RETURNS (float): How large a share can be if none of so many were seen, with 95% confidence
    (Clopper & Pearson 1934). Of many it is about 3 / number, the rule of three."""
    return 1 - 0.05 ** (1 / number)


def recall_by_form(
    examples: List[Example], forms: Forms, by_rules: Forms
) -> Dict[str, Optional[float]]:
    """Split recall by where the entity's surface form, case folded, is known from.

    examples (List[Example]): Gold and predicted docs.
    forms (Forms): The case-folded forms in the training labels, by label.
    by_rules (Forms): Those that a rule matches, by label.
    RETURNS (dict): Recall by group (see `familiarity`), and on all "unseen" forms, those of the
        other two groups; None where gold has no such entity.
    """
    hits: Counter = Counter()
    total: Counter = Counter()
    for eg in examples:
        found = entities(eg.predicted)
        for ent in eg.reference.ents:
            group = familiarity(ent, forms, by_rules)
            total[group] += 1
            hits[group] += _key(ent) in found
    for counts in (hits, total):
        counts["unseen"] = counts["rule_only"] + counts["new"]
    return {k: hits[k] / total[k] if total[k] else None for k in (*GROUPS, "unseen")}


def count_errors(examples: List[Example]) -> Dict[str, int]:
    """RETURNS (Dict[str, int]): The number of errors by kind, see `errors`."""
    counts = Counter(kind for eg in examples for kind, _, _ in errors(eg.reference, eg.predicted))
    return {kind: counts[kind] for kind in ERROR_KINDS}


def errors(gold: Doc, predicted: Doc) -> List[Tuple[str, Any, Any]]:
    """Compare two docs of the same text and classify what differs.

    gold (Doc): The doc with the right entities.
    predicted (Doc): The doc with the predicted ones.
    RETURNS (List[Tuple[str, Span, Span]]): The kind of error, the gold and the predicted
        entity: "wrong_label" (same characters), "wrong_boundary" (they overlap, whatever
        the labels), "missed" (no prediction overlaps), "spurious" (no gold entity does).
    """
    right = entities(gold) & entities(predicted)
    wanted = [ent for ent in gold.ents if _key(ent) not in right]
    found = [ent for ent in predicted.ents if _key(ent) not in right]
    result: List[Tuple[str, Any, Any]] = []
    for ent in wanted:
        others = [o for o in found if o.start_char < ent.end_char and ent.start_char < o.end_char]
        if not others:
            result.append(("missed", ent, None))
        elif _key(others[0])[:2] == _key(ent)[:2]:
            result.append(("wrong_label", ent, others[0]))
        else:
            result.append(("wrong_boundary", ent, others[0]))
    for ent in found:
        if not any(o.start_char < ent.end_char and ent.start_char < o.end_char for o in wanted):
            result.append(("spurious", None, ent))
    return result


def entities(doc: Doc) -> Set[Tuple[int, int, str]]:
    """RETURNS (set): Start, end and label of each entity, in characters."""
    return {_key(ent) for ent in doc.ents}


def familiarity(ent: Span, forms: Forms, by_rules: Forms) -> str:
    """RETURNS (str): "seen" if the training labels had this form with this label, "rule_only" if
    only a rule knows it, or "new"."""
    form = ent.text.casefold()
    if form in forms.get(ent.label_, ()):
        return "seen"
    return "rule_only" if form in by_rules.get(ent.label_, ()) else "new"


def mixed_errors(examples: List[Example]) -> Counter:
    """Count errors on forms that are an entity in one place and none in another.

    examples (List[Example]): Gold and predicted docs.
    RETURNS (Counter): The number of entities missed or spurious, by case-folded form.
    """
    marked = {ent.text.casefold(): ent for eg in examples for ent in eg.reference.ents}
    if not marked:
        return Counter()
    matcher = PhraseMatcher(examples[0].reference.vocab, attr="LOWER")
    matcher.add("marked", [ent.as_doc() for ent in marked.values()])
    unmarked = {
        span.text.casefold()
        for eg in examples
        for span in matcher(eg.reference, as_spans=True)
        if not any(token.ent_type for token in span)
    }
    return Counter(
        form
        for eg in examples
        for kind, wanted, found in errors(eg.reference, eg.predicted)
        for form in [(wanted or found).text.casefold()]
        if kind in ("missed", "spurious") and form in marked and form in unmarked
    )


def _key(ent: Span) -> Tuple[int, int, str]:
    return ent.start_char, ent.end_char, ent.label_
