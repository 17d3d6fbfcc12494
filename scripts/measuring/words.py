"""What the report says in words and tables: the verdict, the rules, new forms, the training."""

import platform
from collections import Counter, defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import spacy
import srsly
from spacy.tokens import Doc, DocBin

from measuring.scores import Forms, entities, familiarity, percent, points, points_range
from shared.showing import shorten, show_pattern

MAX_FORMS = 20
MAX_RULES = 1000
MAX_EXAMPLES = 4
MAX_CHARS = 300


def verdict(metrics: Dict[str, Any]) -> Tuple[str, List[str]]:
    """Put the scores in words.

    metrics (dict): What evaluate wrote.
    RETURNS (Tuple[str, List[str]]): A headline, and sentences that say more.
    """
    test, rules, pipeline = metrics["test"], metrics["rules"], metrics["pipeline"]
    number = sum(test["entities"].values())
    if not test["texts"]:
        return "Nothing was measured", ["The test corpus holds no texts."]
    if not number:
        return "How much is found can't be said", [
            f"None of the {test['texts']:,} test texts holds an entity, so recall and F1 say "
            "nothing, and all that is found counts as wrong. Add texts with entities to the test "
            "data."
        ]
    found = (
        f"The pipeline finds {percent(pipeline['ents_r'])}% of {_what(test['entities'], number)}, "
        f"the rules alone {percent(rules['ents_r'])}%; of what it finds "
        f"{percent(pipeline['ents_p'])}% is right, of what the rules find "
        f"{percent(rules['ents_p'])}%."
    )
    if metrics["measures"] == "agreement":
        return "How good the pipeline is was not measured", [
            "There are no gold annotations, so the test texts have the labels that the rules gave "
            "them. Every score here measures agreement with the rules, not accuracy. To learn how "
            "good the pipeline is, annotate some texts by hand and set vars.gold.",
            found,
        ]
    gain = metrics["differences"]["pipeline-rules"]
    return _headline(gain["ents_f_ci"]), [
        found,
        f"That is a difference of {points(gain['ents_f'])} points in F1 "
        f"(95% interval {points_range(gain['ents_f_ci'])}).",
    ]


def _what(labels: Dict[str, int], number: int) -> str:
    name = f"{next(iter(labels))} entities" if len(labels) == 1 else "entities"
    return f"the {number:,} {name}" if number > 1 else "the one entity in the test texts"


def _headline(interval: Optional[List[float]]) -> str:
    low, high = interval or (0, 0)
    if low > 0:
        return "The pipeline is better than the rules alone"
    if high < 0:
        return "The rules alone are better than the pipeline"
    return "No clear difference between the pipeline and the rules alone"


def cautions(metrics: Dict[str, Any], stats: Dict[str, Any]) -> List[str]:
    """RETURNS (List[str]): What the scores can't say, or what looks wrong."""
    gold = metrics["test"]["entities"]
    known = {rule["label"] for rule in stats["rules"]} | set(stats["annotated"]["entities"])
    predicted = {
        name for name, s in (metrics["pipeline"]["ents_per_type"] or {}).items() if s["p"] or s["r"]
    }
    result = [
        f"No {name} was found, or none rightly: it can't be told how well it is recognized."
        if name in known
        else f"No rule has the label {name}: nothing could learn to find it."
        for name in sorted(set(gold) - predicted)
    ]
    if gold:
        result += [
            f"No {name} is marked in the test texts: how well it is recognized can't be said."
            for name in sorted(known - set(gold))
        ]
        for kind in ("seen", "unseen"):
            if not metrics["test"][kind]:
                result.append(
                    f"Recall on {kind} forms can't be said: the test texts hold no entity whose "
                    f"form is {'' if kind == 'seen' else 'not '}among the training labels."
                )
    return result


def rule_table(
    stats: Dict[str, Any], gold: List[Doc], found: List[Doc], examples: Dict[str, Counter]
) -> List[Dict[str, Any]]:
    """Say of each rule what it does.

    stats (dict): What convert counted.
    gold (List[Doc]): Test docs with the right entities.
    found (List[Doc]): The same with what the rules find, entities having the rule's id.
    examples (Dict[str, Counter]): Forms in training texts by rule, see `matched_forms`.
    RETURNS (List[dict]): For each rule, by falling use: its "id", "label" and "pattern", its
        "matches" in train, on the test texts the number of its entities that are "right" and
        of all it "found", their forms as "wrong" where they are not; "examples" of forms.
    """
    right: Dict[str, Counter] = defaultdict(Counter)
    wrong: Dict[str, Counter] = defaultdict(Counter)
    for wanted, doc in zip(gold, found):
        keys = entities(wanted)
        for ent in doc.ents:
            is_right = (ent.start_char, ent.end_char, ent.label_) in keys
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
    nlp = spacy.load(rules)
    [(_, ruler)] = nlp.pipeline
    forms: Dict[str, Counter] = defaultdict(Counter)
    for shard in sorted(train.glob("*.spacy"))[:1]:
        for doc in DocBin().from_disk(shard).get_docs(nlp.vocab):
            for span in ruler.match(doc):  # type: ignore[attr-defined]
                forms[span.id_][span.text] += 1
    return forms


def new_forms(gold: List[Doc], predicted: List[Doc], forms: Forms) -> List[Tuple[str, int]]:
    """RETURNS (List[Tuple[str, int]]): The most frequent forms that were found rightly though
    they are not in the training labels, and how often."""
    counts: Counter = Counter()
    for wanted, found in zip(gold, predicted):
        keys = entities(wanted)
        for ent in found.ents:
            is_right = (ent.start_char, ent.end_char, ent.label_) in keys
            if is_right and familiarity(ent, forms) == "unseen":
                counts[ent.text] += 1
    return most_common(counts, MAX_FORMS)


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
