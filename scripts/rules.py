"""The rules as a spaCy pipeline: match patterns and accepted suggestions in a span ruler."""

from pathlib import Path
from typing import Any, Dict, List

import spacy
from spacy.language import Language
from spacy.matcher import Matcher

from answers import read_answers
from common import InputError
from readers import Line, read_patterns

COMPONENT = "span_ruler"
# Matches become entities, as with spaCy's older entity_ruler, and the longest span wins
CONFIG = {
    "spans_key": None,
    "overwrite": False,
    "annotate_ents": True,
    "ents_filter": {"@misc": "spacy.first_longest_spans_filter.v1"},
    # Scores entities, so that `spacy evaluate` does so for the rules, too
    "scorer": {"@scorers": "spacy.entity_ruler_scorer.v1"},
}


def build_rules(lang: str, patterns: Path, suggestions: Path) -> Language:
    """Make a blank pipeline whose span ruler knows all patterns and accepted suggestions.

    Where matches overlap the ruler keeps the longest, and of equally long ones the first in
    the text; it does the same with entities that other components found before. Every rule
    gets an id, its own or "FILE:LINE", so that an entity's `ent_id_` tells which rule found it.

    lang (str): The language whose tokenizer to use, e.g. "en".
    patterns (Path): Patterns in the format of EntityRuler, JSONL.
    suggestions (Path): Suggestions with answers, JSONL. Accepted terms match in any case.
    RETURNS (Language): The pipeline.
    RAISES (InputError): If a rule or suggestion is broken, an id is used twice, or there is
        no pattern.
    """
    nlp = blank(lang)
    rules = read_rules(nlp, patterns)
    # Rejected ones make no rule: to keep rules from matching within them costs more entities
    # than it saves, and a rule that also asks for capitals misses more than it avoids
    for suggestion in read_answers(nlp, suggestions, {rule["label"] for rule in rules}):
        if suggestion.answer == "accept":
            words = [{"LOWER": word} for word in suggestion.words]
            rule_id = f"{suggestions.stem}:{suggestion.where.number}"
            rules.append({"label": suggestion.record["label"], "pattern": words, "id": rule_id})
    nlp.add_pipe(COMPONENT, config=CONFIG).add_patterns(rules)  # type: ignore[attr-defined]
    return nlp


def read_rules(nlp: Language, patterns: Path) -> List[Dict[str, Any]]:
    """Read and check the patterns that a person wrote.

    nlp (Language): The blank pipeline that is to use them.
    patterns (Path): Patterns in the format of EntityRuler, JSONL.
    RETURNS (List[Dict[str, Any]]): The patterns, each with an id.
    RAISES (InputError): If a pattern is broken, an id is used twice, or there is none.
    """
    rules: List[Dict[str, Any]] = []
    first_use: Dict[str, Line] = {}
    for where, rule in read_patterns(patterns):
        rule.setdefault("id", f"{patterns.stem}:{where.number}")
        if rule["id"] in first_use:
            raise where.error(
                f"The id '{rule['id']}' is used before, on line {first_use[rule['id']].number}",
                "Give each pattern an id of its own, or none.",
            )
        first_use[rule["id"]] = where
        _check_pattern(nlp, where, rule["pattern"])
        rules.append(rule)
    if not rules:
        raise InputError(
            "No patterns",
            patterns,
            remedy='Write at least one, e.g. {"label": "GADGET", "pattern": [{"LOWER": "iphone"}]}',
        )
    return rules


def blank(lang: str) -> Language:
    """RETURNS (Language): A blank pipeline, or an InputError if spaCy lacks the language."""
    try:
        return spacy.blank(lang)
    except ImportError as error:
        raise InputError(
            f"Can't load the language '{lang}': {error}",
            remedy="Install what it asks for, or set vars.lang in project.yml to a language code that "
            "spaCy supports.",
        ) from None


def _check_pattern(nlp: Language, where: Line, pattern: Any) -> None:
    """Raise an InputError if the pattern is not valid or needs what a blank pipeline lacks."""
    if isinstance(pattern, str):
        return
    matcher = Matcher(nlp.vocab, validate=True)
    try:
        matcher.add("pattern", [pattern])
        # Attributes that need a tagger or parser are only refused when matching
        matcher(nlp.make_doc("text"))
    except Exception as error:  # the Matcher raises many types, some from the regex engine
        details = " ".join(str(error).split())
        raise where.error(
            f"The pattern is not valid: {details}",
            "See the attributes and operators at https://spacy.io/api/matcher#patterns. "
            "Patterns work on plain tokens: there is no tagger or parser.",
        ) from None
