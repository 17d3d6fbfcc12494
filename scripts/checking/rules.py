"""Checks of what the rules match in the raw texts: everyday words, and signs at the edges."""

from collections import Counter, defaultdict
from typing import Any, Dict, Iterator, List, Tuple

from spacy.language import Language
from spacy.tokens import Span

from checking.findings import Data, Finding, finding, number, span_place
from checking.mentions import form_of
from checking.spans import has_loose_punctuation
from reading.lines import Line

# A word in lower case that is in so many of a label's matches. The most that good rules have is a
# tenth (garlic, of the ingredients of 10,000 texts); most names are seen once or twice
MIN_MATCHES, MIN_WORD_SHARE = 20, 0.25


def check_rules(data: Data) -> Iterator[Finding]:
    """YIELDS (Finding): Words that make up much of a label, and matches with a sign at an edge."""
    by_label: Dict[str, List[Tuple[Line, Span]]] = defaultdict(list)
    for where, doc in zip(data.train_lines, data.train):
        for ent in doc.ents:
            by_label[ent.label_].append((where, ent))
    for label, matches in sorted(by_label.items()):
        yield from _check_everyday(data.nlp, label, matches)
    signs = [
        pair for matches in by_label.values() for pair in matches if has_loose_punctuation(pair[1])
    ]
    if signs:
        yield finding(
            "signs",
            "warning",
            _examples(data.nlp, signs),
            f"{number(len(signs), 'match', 'matches')} of rules with punctuation at an edge",
            "The model learns that the sign belongs to the name, and where gold is without it no "
            "such match counts as right.",
            'Keep the sign out of the rule, e.g. with {"IS_PUNCT": false}, unless it is part of the '
            "name.",
        )


def _check_everyday(
    nlp: Language, label: str, matches: List[Tuple[Line, Span]]
) -> Iterator[Finding]:
    least = max(MIN_MATCHES, MIN_WORD_SHARE * len(matches))
    lower = [(where, span) for where, span in matches if span.text.islower()]
    while True:
        words = Counter(word for _, span in lower for word in set(form_of(span).split(" ")))
        many = [word for word, count in words.items() if count >= least]
        if not many:
            return
        # "day" tells more than "my"
        word = max(many, key=lambda word: (not nlp.vocab[word].is_stop, words[word], word))
        found = [pair for pair in lower if word in form_of(pair[1]).split(" ")]
        lower = [pair for pair in lower if word not in form_of(pair[1]).split(" ")]
        yield finding(
            "everyday",
            "warning",
            _examples(nlp, found),
            f"{len(found):,} of {number(len(matches), 'match', 'matches')} of {label} have the word "
            f'"{word}"',
            "It is in lower case, as everyday words are. If these are no entities, much of what "
            "the model learns of the label is wrong.",
            f"Read them. Make the rule narrower if they are not {label}, or delete it.",
        )


def _examples(nlp: Language, found: List[Tuple[Line, Span]]) -> Any:
    """RETURNS (List[Place]): Of each form that a rule finds the first place, the most frequent
    form first."""
    forms: Dict[str, List[Tuple[Line, Span]]] = defaultdict(list)
    for where, span in found:
        forms[form_of(span)].append((where, span))
    ruler: Any = nlp.get_pipe("span_ruler")
    places = []
    for group in sorted(forms.values(), key=len, reverse=True):
        where, span = group[0]
        rules = {
            match.id_
            for match in ruler.match(span.doc)
            if (match.start, match.end, match.label) == (span.start, span.end, span.label)
        }
        note = f"{number(len(group), 'time')}, rule {', '.join(sorted(rules))}"
        places.append(span_place(where, span, note))
    return places
