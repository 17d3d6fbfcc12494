"""Where rules match in the raw texts: how much there is to learn from, and what they find anyway."""

from collections import Counter
from typing import Any, Collection, Dict, Iterable, List, Sequence, Set, Tuple, Union

import numpy as np
from spacy.language import Language
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from reading.patterns import read_phrase
from reading.suggestions import lower_words


class RuleMatches:
    """Finds what the rules find: of overlapping matches the longest, then the first.

    nlp (Language): Tokenizes the texts.
    rules (Iterable[Dict[str, Any]]): The rules, each with "label" and "pattern".
    """

    def __init__(self, nlp: Language, rules: Iterable[Dict[str, Any]]) -> None:
        self.nlp = nlp
        # Words are looked up; only what asks for anything else is tried rule by rule
        phrases = {attr: PhraseMatcher(nlp.vocab, attr) for attr in ("LOWER", "ORTH")}
        others = Matcher(nlp.vocab)
        for rule in rules:
            phrase = read_phrase(nlp, rule["pattern"])
            if phrase:
                phrases[phrase.attr].add(rule["label"], [Doc(nlp.vocab, words=phrase.words)])
            else:
                others.add(rule["label"], [rule["pattern"]])
        matchers: List[Union[Matcher, PhraseMatcher]] = [*phrases.values(), others]
        self.matchers = [matcher for matcher in matchers if len(matcher)]

    def __call__(self, text: str) -> Tuple[Doc, List[Span]]:
        """RETURNS (Tuple[Doc, List[Span]]): The text as a doc, and the matches."""
        doc = self.nlp.make_doc(text)
        found = [span for matcher in self.matchers for span in matcher(doc, as_spans=True)]
        return doc, filter_spans(found)

    def count(self, texts: Iterable[str], labels: Collection[str], enough: int) -> Dict[str, int]:
        """Count matches, no further than needed.

        texts (Iterable[str]): The texts.
        labels (Collection[str]): What to count.
        enough (int): Counting ends when each label has so many.
        RETURNS (Dict[str, int]): The number for each label.
        """
        counts = Counter(dict.fromkeys(labels, 0))
        for text in texts:
            counts.update(span.label_ for span in self(text)[1])
            if min(counts.values(), default=enough) >= enough:
                break
        return counts

    def adding(self, terms: Dict[int, Tuple[Sequence[str], List[str]]]) -> Set[int]:
        """Tell which terms would find something that the rules don't, if they were rules.

        A term adds nothing if it always lies within a match, or across the edge of one, such as
        "Martens Chelsea" in "Doc Martens Chelsea boots". One that contains a match adds its
        longer form.

        terms (Dict[int, Tuple[Sequence[str], List[str]]]): By any number the words of a term in
            lower case, and the texts that it is in.
        RETURNS (Set[int]): The numbers of those that add something.
        """
        seen: Dict[str, Tuple[List[str], List[Tuple[int, int]]]] = {}

        def adds(words: List[str], text: str) -> bool:
            if text not in seen:
                doc, spans = self(text)
                edges = [(span.start, span.end) for span in spans]
                seen[text] = [token.lower_ for token in doc], edges
            tokens, edges = seen[text]
            return any(
                tokens[start : start + len(words)] == words
                and _is_free(start, start + len(words), edges)
                for start in range(len(tokens) - len(words) + 1)
            )

        return {
            number
            for number, (words, texts) in terms.items()
            if any(adds(list(words), text) for text in texts)
        }


def whole_matches(
    nlp: Language, terms: Sequence[str], rules: Sequence[Dict[str, Any]]
) -> Dict[str, np.ndarray]:
    """Look for terms that the rules know.

    nlp (Language): Has the vocabulary of the rules.
    terms (Sequence[str]): Terms as they are written, a space between tokens.
    rules (Sequence[Dict[str, Any]]): The rules, each with "label" and "pattern".
    RETURNS (Dict[str, np.ndarray]): For each label, which of the terms a rule matches whole.
    """
    matcher = Matcher(nlp.vocab)
    spelled: Dict[str, Set[str]] = {}
    for rule in rules:
        fixed = _fixed_words(nlp, rule["pattern"])
        if fixed:
            spelled.setdefault(fixed, set()).add(rule["label"])
        elif isinstance(rule["pattern"], list):
            matcher.add(rule["label"], [rule["pattern"]])
    known = {rule["label"]: np.zeros(len(terms), bool) for rule in rules}
    for number, form in enumerate(terms):
        for label in spelled.get(form.lower(), ()):
            known[label][number] = True
        if len(matcher):
            words = form.split(" ")
            for match, start, end in matcher(Doc(nlp.vocab, words=words)):
                if start == 0 and end == len(words):
                    known[nlp.vocab.strings[match]][number] = True
    return known


def _fixed_words(nlp: Language, pattern: Any) -> str:
    """RETURNS (str): The only words, in lower case, that the pattern matches, or ""."""
    if isinstance(pattern, str):
        return " ".join(lower_words(nlp, pattern))
    tokens = [{key.lower(): value for key, value in token.items()} for token in pattern]
    if all(list(token) == ["lower"] and isinstance(token["lower"], str) for token in tokens):
        return " ".join(token["lower"] for token in tokens)
    return ""


def _is_free(start: int, end: int, edges: List[Tuple[int, int]]) -> bool:
    """RETURNS (bool): Whether each match lies outside, or within and is shorter."""
    return all(
        last <= start
        or end <= first
        or (start <= first and last <= end and (start, end) != (first, last))
        for first, last in edges
    )
