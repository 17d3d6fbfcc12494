"""What the report says in tables: the rules, new forms, the training."""

import platform
from collections import Counter, defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import srsly
from spacy.tokens import Doc, Span

from measuring.scores import Forms, entities, familiarity
from shared.loading import load_pipeline, read_docs
from shared.showing import shorten, show_pattern

MAX_FORMS = 20
MAX_RULES = 1000
MAX_EXAMPLES = 4
MAX_CHARS = 300


def rule_table(
    stats: Dict[str, Any], gold: List[Doc], found: List[Doc], examples: Dict[str, Counter]
) -> List[Dict[str, Any]]:
    """Say of each rule what it does.

    stats (dict): What convert counted.
    gold (List[Doc]): Dev or test docs with the right entities.
    found (List[Doc]): The same with what the rules find, entities having the rule's id.
    examples (Dict[str, Counter]): Forms in training texts by rule, see `matched_forms`.
    RETURNS (List[dict]): For each rule, by falling use: its "id", "label" and "pattern", its
        "matches" in train, on these docs the number of its entities that are "right" and
        of all it "found", their forms as "wrong" where they are not; "examples" of forms.
    """
    right: Dict[str, Counter] = defaultdict(Counter)
    wrong: Dict[str, Counter] = defaultdict(Counter)
    for ent, is_right in _judged(gold, found):
        (right if is_right else wrong)[ent.ent_id_][ent.text] += 1
    rows = [
        {
            "id": rule["id"],
            "label": rule["label"],
            "pattern": shorten(show_pattern(rule["pattern"]), MAX_CHARS),
            "matches": rule["matches"],
            "right": right[rule["id"]].total(),
            "found": right[rule["id"]].total() + wrong[rule["id"]].total(),
            "wrong": most_common(wrong[rule["id"]], MAX_EXAMPLES),
            "examples": most_common(examples.get(rule["id"]) or right[rule["id"]], MAX_EXAMPLES),
        }
        for rule in stats["rules"]
    ]
    return sorted(rows, key=lambda row: -row["matches"])[:MAX_RULES]


def matched_forms(rules: Path, train: Path) -> Dict[str, Counter]:
    """Match the rules against the first training texts, to have examples.

    rules (Path): The rules as a pipeline.
    train (Path): The folder with the training corpus; its first file is read.
    RETURNS (Dict[str, Counter]): By rule id, how often it matches which form there.
    """
    nlp = load_pipeline(rules)
    [(_, ruler)] = nlp.pipeline
    forms: Dict[str, Counter] = defaultdict(Counter)
    for shard in sorted(train.glob("*.spacy"))[:1]:
        for doc in read_docs(shard, nlp.vocab):
            for span in ruler.match(doc):  # type: ignore[attr-defined]
                forms[span.id_][span.text] += 1
    return forms


def new_forms(
    gold: List[Doc], predicted: List[Doc], forms: Forms, by_rules: Forms
) -> List[Tuple[str, int]]:
    """RETURNS (List[Tuple[str, int]]): The most frequent forms that were found rightly though they are
    neither in the training labels nor matched by a rule, and how often."""
    found = Counter(
        ent.text
        for ent, is_right in _judged(gold, predicted)
        if is_right and familiarity(ent, forms, by_rules) == "new"
    )
    return most_common(found, MAX_FORMS)


def words_from_test(
    stats: Dict[str, Any], gold: List[Doc], found: List[Doc], forms: Forms
) -> List[Dict[str, Any]]:
    """Find rules and accepted terms with words that are right in test, and in no training label.

    Whoever takes words from the test texts makes rules that look better than they are. When a rule
    was written nobody can see, so this is no more than a list to look through.

    stats (dict): What convert counted.
    gold (List[Doc]): Test docs with the right entities.
    found (List[Doc]): The same with what the rules find, entities having the rule's id.
    forms (Forms): The case-folded forms in the training labels, by label.
    RETURNS (List[dict]): For each such rule, by falling number of such entities: its "id",
        "pattern", whether it is an "accepted" term, and the most frequent "forms", each with its number.
    """
    named = {rule["id"]: list(_words(rule["pattern"])) for rule in stats["rules"]}
    labelled = {label: "\n".join(known) for label, known in forms.items()}
    counts: Dict[str, Counter] = defaultdict(Counter)
    for ent, is_right in _judged(gold, found):
        form, known = ent.text.casefold(), labelled.get(ent.label_, "")
        names = named.get(ent.ent_id_, [])
        words = [token.text.casefold() for token in ent]
        # Words that are known one by one can still make a term that is not
        new_term = sorted(names) == sorted(words) and form not in known
        if is_right and (new_term or any(w in names and w not in known for w in words)):
            counts[ent.ent_id_][form] += 1
    rows = [
        {
            "id": rule["id"],
            "pattern": shorten(show_pattern(rule["pattern"]), MAX_CHARS),
            "accepted": bool(rule.get("term")),
            "forms": most_common(counts[rule["id"]], MAX_FORMS),
        }
        for rule in stats["rules"]
        if rule["id"] in counts
    ]
    return sorted(rows, key=lambda row: -counts[row["id"]].total())[:MAX_FORMS]


def _words(pattern: Any) -> Iterator[str]:
    """YIELDS (str): The words that a pattern names, and other strings in it, case folded."""
    if isinstance(pattern, str):
        yield from pattern.casefold().split()
    elif isinstance(pattern, (list, dict)):
        for part in pattern.values() if isinstance(pattern, dict) else pattern:
            yield from _words(part)


def _judged(gold: List[Doc], predicted: List[Doc]) -> Iterator[Tuple[Span, bool]]:
    """YIELDS (Tuple[Span, bool]): The entities that were found, and whether they are right."""
    for wanted, found in zip(gold, predicted):
        keys = entities(wanted)
        for ent in found.ents:
            yield ent, (ent.start_char, ent.end_char, ent.label_) in keys


def learning_curve(log: Path) -> List[Dict[str, Any]]:
    """Read the training log of spaCy's ConsoleLogger.

    log (Path): The log, JSONL; may be missing, since other loggers write none.
    RETURNS (List[dict]): For each evaluation "step", "loss" (of all components) and "f" (F1
        on the dev corpus, 0 to 1).
    """
    if not log.exists():
        return []
    return [
        {
            "step": row["step"],
            "loss": sum(row["losses"].values()),
            "f": row["scores"].get("ents_f", 0) / 100,  # the logger writes per cent
        }
        for row in srsly.read_jsonl(log)
        if row["scores"]
    ]


def versions() -> Dict[str, str]:
    """RETURNS (Dict[str, str]): What this runs on, by name."""
    packages = {name: version(name) for name in ("spacy", "thinc", "numpy", "weasel")}
    system = f"{platform.system()} {platform.machine()}"
    return {**packages, "python": platform.python_version(), "system": system}


def most_common(counts: Counter, number: int) -> List[Tuple[str, int]]:
    """RETURNS (List[Tuple[str, int]]): What is most frequent, in a fixed order."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(shorten(form, MAX_CHARS), count) for form, count in ranked[:number]]
