"""The rules as a spaCy pipeline: match patterns, accepted suggestions and marked terms in a span ruler."""

from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from spacy.language import Language
from spacy.matcher import Matcher
from spacy.tokens import Doc

from labelling.ties import find_ties, warn_of_ties
from reading.lines import clean
from reading.marked import marked_rules
from reading.patterns import Phrase, read_phrase, read_rules
from reading.suggestions import read_answers
from shared import watching

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


def collect_rules(
    nlp: Language, patterns: Path, suggestions: Path, annotated: Sequence[Doc] = ()
) -> List[Dict[str, Any]]:
    """Read the patterns that a person wrote, the suggestions that were accepted, and the terms that were
    marked in texts.

    nlp (Language): The blank pipeline that is to use them.
    patterns (Path): Patterns in the format of EntityRuler, JSONL.
    suggestions (Path): Suggestions with answers, JSONL. Accepted terms match in any case.
    annotated (Sequence[Doc]): Annotated texts to learn from. What people marked there matches in any
        case, see `marked_rules`, unless a term of the same words has an answer.
    RETURNS (List[Dict[str, Any]]): The rules, each with "label", "pattern" and "id", its own or
        "FILE:LINE", so that an entity's `ent_id_` tells which rule found it. No two are the same.
        An accepted suggestion has its "term", too. A marked term has "FILE:TERM" as its id, and the
        number of texts where it is "marked".
    RAISES (InputError): If a rule or suggestion is broken, an id is used twice, or there is
        no pattern.
    """
    rules = read_rules(nlp, patterns)
    # Rejected ones make no rule: to keep rules from matching within them costs more entities
    # than it saves, and a rule that also asks for capitals misses more than it avoids
    source = _prefix(rules, suggestions, "accepted")
    answered = set()
    for suggestion in read_answers(nlp, suggestions, {rule["label"] for rule in rules}):
        if suggestion.answer in ("accept", "reject"):
            answered.add(suggestion.key)
        if suggestion.answer == "accept":
            words = [{"LOWER": word} for word in suggestion.words]
            rule_id = clean(f"{source}:{suggestion.where.number}")
            rule = {"label": suggestion.record["label"], "pattern": words, "id": rule_id}
            rules.append({**rule, "term": " ".join(suggestion.record["text"].split())})
    if annotated:
        source = _prefix(rules, annotated[0].user_data["line"].path, "marked")
        found = _finder(nlp, rules)
        for marked in marked_rules(annotated):
            term = [word["LOWER"] for word in marked["pattern"]]
            if (marked["label"], " ".join(term)) not in answered and not found(term):
                rules.append({**marked, "id": clean(f"{source}:{' '.join(term)}")})
    return rules


def _finder(nlp: Language, rules: List[Dict[str, Any]]) -> Callable[[List[str]], bool]:
    """RETURNS (Callable): Tells whether a rule finds a term, its words in lower case."""
    matcher = Matcher(nlp.vocab, validate=False)
    known = set()
    for rule in rules:
        phrase = read_phrase(nlp, rule["pattern"])
        if not phrase:
            matcher.add("rule", [rule["pattern"]])
        elif phrase.attr == "LOWER":
            known.add(tuple(phrase.words))

    def found(words: List[str]) -> bool:
        if tuple(words) in known or not len(matcher):
            return tuple(words) in known
        return (0, len(words)) in {match[1:] for match in matcher(Doc(nlp.vocab, words=words))}

    return found


def _prefix(rules: List[Dict[str, Any]], path: Path, kind: str) -> str:
    """RETURNS (str): What the ids of a file's rules begin with, and those of no other rules."""
    prefix = path.stem
    while any(rule["id"].startswith(f"{prefix}:") for rule in rules):
        prefix = f"{kind} {prefix}"
    return prefix


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
    watching.note("rule")
    phrases = [watching.do(n, read_phrase, nlp, rule["pattern"]) for n, rule in enumerate(rules, 1)]
    kinds = Counter(phrase.attr for phrase in phrases if phrase)
    attr = kinds.most_common(1)[0][0] if kinds else "ORTH"
    ties = find_ties(nlp, rules, phrases)
    patterns = []
    for number, (whole, phrase) in enumerate(zip(rules, phrases)):
        rule = {key: whole[key] for key in ("label", "pattern", "id")}
        if number in ties.narrowed:
            patterns += [{**rule, "pattern": piece} for piece in ties.narrowed[number]]
        elif number not in ties.covered:
            patterns.append({**rule, "pattern": _write(nlp, rule["pattern"], phrase, attr)})
    warn_of_ties(rules, ties)
    ruler = nlp.add_pipe(COMPONENT, config={**CONFIG, "phrase_matcher_attr": attr})
    ruler.add_patterns(patterns)  # type: ignore[attr-defined]


def _write(nlp: Language, pattern: Any, phrase: Optional[Phrase], attr: str) -> Any:
    """RETURNS (str or list): The pattern for a ruler that compares strings by attr."""
    if not phrase or (isinstance(pattern, str) and phrase.attr == attr):
        return pattern
    text = " ".join(phrase.words)
    # A string is tokenized, and not every sequence of words is what comes out
    if phrase.attr == attr and read_phrase(nlp, text, attr) == phrase:
        return text
    return [{phrase.attr: word} for word in phrase.words]
