"""The rules as a spaCy pipeline: match patterns and accepted suggestions in a span ruler."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional

import spacy
from spacy.language import Language
from spacy.matcher import Matcher

from answers import read_answers
from common import InputError
from lines import LONE_SURROGATES, Line
from readers import read_patterns
from ties import Phrase, find_ties, warn_of_ties

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
# By what a rule can name words, under the names that people use
ATTRS = {"LOWER": "LOWER", "ORTH": "ORTH", "TEXT": "ORTH"}


def build_rules(lang: str, patterns: Path, suggestions: Path) -> Language:
    """Make a blank pipeline whose span ruler knows all patterns and accepted suggestions.

    lang (str): The language whose tokenizer to use, e.g. "en".
    patterns (Path): Patterns in the format of EntityRuler, JSONL.
    suggestions (Path): Suggestions with answers, JSONL. Accepted terms match in any case.
    RETURNS (Language): The pipeline.
    RAISES (InputError): If a rule or suggestion is broken, an id is used twice, or there is
        no pattern.
    """
    nlp = blank(lang)
    add_ruler(nlp, collect_rules(nlp, patterns, suggestions))
    return nlp


def collect_rules(nlp: Language, patterns: Path, suggestions: Path) -> List[Dict[str, Any]]:
    """Read the patterns that a person wrote, and the suggestions that were accepted.

    nlp (Language): The blank pipeline that is to use them.
    patterns (Path): Patterns in the format of EntityRuler, JSONL.
    suggestions (Path): Suggestions with answers, JSONL. Accepted terms match in any case.
    RETURNS (List[Dict[str, Any]]): The rules, each with "label", "pattern" and "id", its own or
        "FILE:LINE", so that an entity's `ent_id_` tells which rule found it.
    RAISES (InputError): If a rule or suggestion is broken, an id is used twice, or there is
        no pattern.
    """
    rules = read_rules(nlp, patterns)
    # Rejected ones make no rule: to keep rules from matching within them costs more entities
    # than it saves, and a rule that also asks for capitals misses more than it avoids
    for suggestion in read_answers(nlp, suggestions, {rule["label"] for rule in rules}):
        if suggestion.answer == "accept":
            words = [{"LOWER": word} for word in suggestion.words]
            rule_id = f"{suggestions.stem}:{suggestion.where.number}"
            rules.append({"label": suggestion.record["label"], "pattern": words, "id": rule_id})
    return rules


def add_ruler(nlp: Language, rules: List[Dict[str, Any]]) -> None:
    """Add a span ruler that finds what the rules say.

    Where matches overlap the ruler keeps the longest, and of equally long ones the first in
    the text; it does the same with entities that other components found before. Of rules that
    match the same words with different labels the first one wins, see ties.py for its limits.

    A ruler looks up all its strings at once, by one attribute, but tries lists of tokens one
    by one. So the most frequent kind of rules that only name words are written as strings, and
    all others as lists. They match what they did; with 20,000 it takes a hundredth of the time.

    nlp (Language): The blank pipeline.
    rules (List[Dict[str, Any]]): The rules.
    """
    phrases = [read_phrase(nlp, rule["pattern"]) for rule in rules]
    kinds = Counter(phrase.attr for phrase in phrases if phrase)
    attr = kinds.most_common(1)[0][0] if kinds else "ORTH"
    ties = find_ties(nlp, rules, phrases)
    patterns = []
    for number, (rule, phrase) in enumerate(zip(rules, phrases)):
        if number in ties.narrowed:
            patterns += [{**rule, "pattern": piece} for piece in ties.narrowed[number]]
        elif number not in ties.covered:
            patterns.append({**rule, "pattern": _write(nlp, rule["pattern"], phrase, attr)})
    warn_of_ties(rules, ties)
    ruler = nlp.add_pipe(COMPONENT, config={**CONFIG, "phrase_matcher_attr": attr})
    ruler.add_patterns(patterns)  # type: ignore[attr-defined]


def read_phrase(nlp: Language, pattern: Any, string_attr: str = "ORTH") -> Optional[Phrase]:
    """Tell whether a pattern does no more than name words.

    nlp (Language): The pipeline that is to use it.
    pattern (Any): The pattern, as a ruler or a person has it.
    string_attr (str): What patterns that are strings are compared by, "ORTH" or "LOWER".
    RETURNS (Optional[Phrase]): The words, if it only has strings for LOWER, or only for ORTH or
        TEXT, and docs can be made whose tokens have these values.
    """
    if isinstance(pattern, str):
        doc = nlp.make_doc(pattern)
        lower = string_attr == "LOWER"
        return Phrase(string_attr, [token.lower_ if lower else token.text for token in doc])
    words = []
    attrs = set()
    for token in pattern:
        if not isinstance(token, dict) or len(token) != 1:
            return None
        [(attr, word)] = token.items()
        attrs.add(ATTRS.get(str(attr).upper(), ""))
        words.append(word)
    attr = attrs.pop()
    if attrs or not attr:
        return None
    for word in words:
        if not isinstance(word, str) or not word or LONE_SURROGATES.search(word):
            return None
        # {"LOWER": "IPHONE"} is the lower case of no word
        if attr == "LOWER" and nlp.vocab[word].lower_ != word:
            return None
    return Phrase(attr, words)


def _write(nlp: Language, pattern: Any, phrase: Optional[Phrase], attr: str) -> Any:
    """RETURNS (str or list): The pattern for a ruler that compares strings by attr."""
    if not phrase or (isinstance(pattern, str) and phrase.attr == attr):
        return pattern
    text = " ".join(phrase.words)
    # A string is tokenized, and not every sequence of words is what comes out
    if phrase.attr == attr and read_phrase(nlp, text, attr) == phrase:
        return text
    return [{phrase.attr: word} for word in phrase.words]


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
    # The check takes its time, and there may be very many of these
    if isinstance(pattern, str) or read_phrase(nlp, pattern):
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
