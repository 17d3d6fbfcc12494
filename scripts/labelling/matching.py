"""The rules, looked up quickly: exactly what the rules pipeline finds, in a fraction of the time."""

from typing import Any, Dict, List, Optional, Tuple, Union

from spacy.language import Language
from spacy.matcher import Matcher, PhraseMatcher
from spacy.pipeline import SpanRuler
from spacy.tokens import Doc, Span

from labelling.rules import COMPONENT
from reading.patterns import read_phrase


class Labeller:
    """Labels texts with the rules.

    The span ruler of a pipeline can look up the words of one attribute, and a Matcher tries rule
    after rule at every token. This looks up all rules that only name words, by whatever
    attribute, so that only the others are tried.

    nlp (Language): The rules pipeline.
    patterns (Optional[List[Dict[str, Any]]]): Those of its rules to use, by default all.
    """

    def __init__(self, nlp: Language, patterns: Optional[List[Dict[str, Any]]] = None) -> None:
        self.nlp = nlp
        self.ruler = ruler = ruler_of(nlp)
        self.rules: Dict[int, Tuple[int, int]] = {}  # label and id by key
        string_attr = str(ruler.phrase_matcher_attr)
        phrases = {attr: PhraseMatcher(nlp.vocab, attr) for attr in ("LOWER", "ORTH")}
        others = Matcher(nlp.vocab, validate=False)
        for number, rule in enumerate(ruler.patterns if patterns is None else patterns):
            key = f"rule {number}"
            label_and_id = (rule["label"], rule.get("id", ""))
            strings = [nlp.vocab.strings.add(str(name)) for name in label_and_id]
            self.rules[nlp.vocab.strings.add(key)] = (strings[0], strings[1])
            phrase = read_phrase(nlp, rule["pattern"], string_attr)
            if phrase:
                phrases[phrase.attr].add(key, [Doc(nlp.vocab, words=phrase.words)])
            else:
                others.add(key, [rule["pattern"]])  # type: ignore[list-item]
        matchers: List[Union[Matcher, PhraseMatcher]] = [*phrases.values(), others]
        self.matchers = [matcher for matcher in matchers if len(matcher)]

    def __call__(self, text: str) -> Tuple[Doc, List[str]]:
        """Label one text.

        text (str): The text.
        RETURNS (Tuple[Doc, List[str]]): The doc with entities, and the ids of all rules that
            match, once for each place, those included whose matches give way to longer ones.
        """
        doc = self.nlp.make_doc(text)
        return doc, self.label(doc)

    def label(self, doc: Doc) -> List[str]:
        """Give a doc its entities. RETURNS (List[str]): As above, the ids of the rules."""
        found = [match for matcher in self.matchers for match in matcher(doc)]
        if not found:
            doc.ents = ()  # type: ignore[assignment]
            return []
        # From here on as the span ruler does it
        spans = set()
        for key, start, end in found:
            label, rule_id = self.rules[key]
            spans.add(Span(doc, start, end, label=label, span_id=rule_id))
        matches = sorted(spans)
        self.ruler.set_annotations(doc, matches)
        return [span.id_ for span in matches]


def ruler_of(nlp: Language) -> SpanRuler:
    """RETURNS (SpanRuler): The span ruler of a rules pipeline."""
    ruler = nlp.get_pipe(COMPONENT)
    assert isinstance(ruler, SpanRuler)
    return ruler
