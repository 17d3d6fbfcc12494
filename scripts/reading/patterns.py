"""Match patterns as people write them: each checked, with an id, and told whether it only names words."""

from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import spacy
import srsly
from spacy.language import Language
from spacy.matcher import Matcher

from reading.lines import Line, clean, read_jsonl, string_of
from shared import watching
from shared.errors import InputError

# By what a rule can name words, under the names that people use
WORD_ATTRS = {"LOWER": "LOWER", "ORTH": "ORTH", "TEXT": "ORTH"}
# What a token has before a tagger, a parser or anything else has seen it, and OP
PLAIN_ATTRS = {*WORD_ATTRS, "NORM", "SHAPE", "LENGTH", "SPACY", "OP"}
PLAIN_ATTRS |= {"IS_ALPHA", "IS_ASCII", "IS_DIGIT", "IS_LOWER", "IS_UPPER", "IS_TITLE", "IS_PUNCT"}
PLAIN_ATTRS |= {"IS_SPACE", "IS_STOP", "IS_BRACKET", "IS_QUOTE", "IS_LEFT_PUNCT", "IS_RIGHT_PUNCT"}
PLAIN_ATTRS |= {"IS_CURRENCY", "LIKE_NUM", "LIKE_URL", "LIKE_EMAIL"}
REMEDY = (
    "See the attributes and operators at https://spacy.io/api/matcher#patterns. "
    "Patterns work on plain tokens: there is no tagger or parser."
)


class Phrase(NamedTuple):
    """A sequence of words, and the attribute that they are compared by."""

    attr: str
    words: List[str]


def read_patterns(path: Path) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    """Stream match patterns in the format of EntityRuler and Prodigy.

    path (Path): The .jsonl file.
    YIELDS (Tuple[Line, dict]): Where the pattern is, and its "label", its "pattern" (a
        string or a list of token descriptions) and its "id", if it has one.
    RAISES (InputError): If the file is missing or has a broken record.
    """
    for where, record in watching.lines(read_jsonl(path)):
        label = string_of(where, record, "label")
        pattern = record.get("pattern")
        remedy = (
            'A pattern is a string or a list of token descriptions: {"label": "GADGET", '
            '"pattern": [{"LOWER": "iphone"}, {"IS_DIGIT": true}]}'
        )
        if not label.strip():
            raise where.error("The pattern has an empty label", remedy)
        if not isinstance(pattern, (str, list)):
            raise where.error("'pattern' is missing, or no string or list", remedy)
        if not pattern or (isinstance(pattern, str) and not pattern.strip()):
            raise where.error("The pattern is empty", remedy)
        try:
            rule = {"label": clean(label), "pattern": _clean(pattern)}
        except RecursionError:
            raise where.error("The pattern is nested too deeply", remedy) from None
        if record.get("id") not in (None, ""):
            rule["id"] = clean(str(record["id"]))
        yield where, rule


def _clean(value: Any) -> Any:
    """RETURNS (Any): What JSON holds, with all strings in it as UTF-8 can express them."""
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return clean(value) if isinstance(value, str) else value


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
        attrs.add(WORD_ATTRS.get(str(attr).upper(), ""))
        words.append(word)
    attr = attrs.pop()
    if attrs or not attr:
        return None
    for word in words:
        if not isinstance(word, str) or not word:
            return None
        # {"LOWER": "IPHONE"} is the lower case of no word
        if attr == "LOWER" and nlp.vocab[word].lower_ != word:
            return None
    return Phrase(attr, words)


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
        rule.setdefault("id", clean(f"{patterns.stem}:{where.number}"))
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
    except Exception as error:  # ImportError, or whatever a module that is no language's raises
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
    for token in pattern:
        for attr, value in token.items() if isinstance(token, dict) else ():
            if str(attr).upper() not in PLAIN_ATTRS:
                raise where.error(
                    f"The pattern is not valid: plain tokens have no '{attr}'", REMEDY
                )
            if value == {}:
                raise where.error(f"The pattern is not valid: '{attr}' asks for nothing", REMEDY)
    matcher = Matcher(nlp.vocab, validate=True)
    try:
        matcher.add("pattern", [pattern])
        matcher(nlp.make_doc("text"))
        srsly.json_loads(srsly.json_dumps(pattern))  # some numbers spoil what is written
    except Exception as error:  # the Matcher raises many types, some from the regex engine
        details = " ".join(str(error).split())
        raise where.error(
            f"The pattern is not valid: {details}",
            REMEDY,
        ) from None
