"""Rules with different labels that match the same words: the first one is to win.

A span ruler decides such ties by the hash of the label, whatever the order of the patterns. So
matches that are to lose are taken out of the rules, as far as that can be done beforehand.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.matcher import Matcher
from spacy.tokens import Doc
from wasabi import msg

from reading.patterns import Phrase
from shared import watching
from shared.showing import printable

Rules = Sequence[Dict[str, Any]]
Pattern = List[Dict[str, Any]]
# What a token pattern can ask for that is the same in any case
CASELESS = {"OP", "LOWER", "IS_ALPHA", "IS_DIGIT", "IS_PUNCT", "IS_SPACE", "IS_CURRENCY"}
CASELESS |= {"LIKE_NUM", "LIKE_URL", "LIKE_EMAIL"}
MAX_SHOWN = 10
Phrases = Sequence[Optional[Phrase]]


class Ties(NamedTuple):
    """Rules by their number that match the same words as a rule with another label."""

    covered: Dict[int, int]  # all that it matches, an earlier rule does; that one's number
    narrowed: Dict[int, List[Pattern]]  # patterns that match all but what an earlier rule does
    greedy: Dict[int, int]  # a later rule gets what this one matches, by its label's hash


def find_ties(nlp: Language, rules: Rules, phrases: Phrases) -> Ties:
    """Compare rules that name words with all others.

    nlp (Language): The blank pipeline.
    rules (Sequence[Dict[str, Any]]): The rules in their order.
    phrases (Sequence[Optional[Phrase]]): The words of those that do no more than name words.
    RETURNS (Ties): What is to be done about them.
    """
    ties = Ties({}, {}, {})
    if len({rule["label"] for rule in rules}) < 2:
        return ties
    others = Matcher(nlp.vocab, validate=False)
    for number, (rule, phrase) in enumerate(zip(rules, phrases)):
        if not phrase:
            others.add(str(number), [rule["pattern"]])
    # The first rule for each phrase
    first: Dict[Tuple[str, Tuple[str, ...]], int] = {}
    spelled: Dict[Tuple[str, ...], List[int]] = {}  # rules for ORTH, by the words in lower case
    for number, phrase in enumerate(phrases):
        if not phrase:
            continue
        label = rules[number]["label"]
        lower = tuple(nlp.vocab[word].lower_ for word in phrase.words)
        keys = [("LOWER", lower)]
        if phrase.attr == "ORTH":
            keys.append(("ORTH", tuple(phrase.words)))
        rivals = [first[key] for key in keys if key in first]
        matching = watching.do(number + 1, _matching, nlp, others, phrase) if len(others) else []
        for other in matching:
            if other < number and (phrase.attr == "ORTH" or _is_caseless(rules[other])):
                rivals.append(other)
        if rivals and rules[min(rivals)]["label"] != label:
            ties.covered[number] = min(rivals)
            continue
        for other in matching:
            if other > number and _comes_first(nlp, rules[other]["label"], label):
                ties.greedy.setdefault(number, other)
        if phrase.attr == "LOWER":
            rivals = [other for other in spelled.get(lower, []) if rules[other]["label"] != label]
            if rivals:
                pieces = [[{"LOWER": word} for word in lower]]
                for other in rivals:
                    pieces = _subtract(pieces, phrases[other].words)  # type: ignore[union-attr]
                ties.narrowed[number] = pieces
        first.setdefault((phrase.attr, tuple(phrase.words)), number)
        if phrase.attr == "ORTH":
            spelled.setdefault(lower, []).append(number)
    return ties


def warn_of_ties(rules: Rules, ties: Ties) -> None:
    """Print which rules get nothing, or what an earlier one should get."""
    _warn(
        "rule(s) get no match, since an earlier one with another label has the same:",
        [(rules[number], rules[other]) for number, other in ties.covered.items()],
        "after",
    )
    _warn(
        "rule(s) lose their matches to a later one that spaCy puts first:",
        [(rules[number], rules[other]) for number, other in ties.greedy.items()],
        "loses to",
    )


def _warn(title: str, pairs: List[Tuple[Dict[str, Any], Dict[str, Any]]], relation: str) -> None:
    if not pairs:
        return
    msg.warn(f"{len(pairs)} {title}")
    for pair in pairs[:MAX_SHOWN]:
        names = [printable(f"{rule['id']} ({rule['label']})") for rule in pair]
        print(f"  {names[0]} {relation} {names[1]}")
    if len(pairs) > MAX_SHOWN:
        print(f"  ... and {len(pairs) - MAX_SHOWN} more")


def _matching(nlp: Language, matcher: Matcher, phrase: Phrase) -> List[int]:
    """RETURNS (List[int]): The numbers of the rules that match the whole phrase."""
    doc = Doc(nlp.vocab, words=phrase.words)
    matches = matcher(doc)
    return sorted({int(nlp.vocab.strings[key]) for key, s, e in matches if e - s == len(doc)})


def _is_caseless(rule: Dict[str, Any]) -> bool:
    return all(str(attr).upper() in CASELESS for token in rule["pattern"] for attr in token)


def _comes_first(nlp: Language, label: str, other: str) -> bool:
    """RETURNS (bool): Whether a span ruler prefers the first label, see `Span.__lt__`."""
    return nlp.vocab.strings.add(label) < nlp.vocab.strings.add(other)


def _subtract(pieces: List[Pattern], words: Sequence[str]) -> List[Pattern]:
    """RETURNS (List[Pattern]): Patterns that match what the pieces do, but not these words."""
    result = []
    for piece in pieces:
        for i, word in enumerate(words):
            fixed = piece[i].get("ORTH")
            if isinstance(fixed, str):  # this token has one spelling
                if fixed != word:
                    result.append([{"ORTH": known} for known in words[:i]] + piece[i:])
                    break
                continue
            barred = fixed["NOT_IN"] if fixed else []
            spellings = barred if word in barred else [*barred, word]
            token = {**piece[i], "ORTH": {"NOT_IN": spellings}}
            result.append([*({"ORTH": known} for known in words[:i]), token, *piece[i + 1 :]])
            if word in barred:
                break
    return result
