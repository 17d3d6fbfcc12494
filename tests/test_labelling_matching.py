"""The quick ways to match find exactly what one Matcher with all rules finds."""

import warnings
from itertools import islice

import pytest
import srsly
from helpers.running import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.matcher import Matcher
from spacy.tokens import Span
from spacy.util import filter_spans

from labelling.matching import Labeller
from labelling.rules import COMPONENT, CONFIG, add_ruler, collect_rules
from reading.patterns import blank, read_phrase

EXTRA = ROOT / "assets" / "extra"
NLP = blank("en")
QUICK = blank("en")
# What people wrote, in a ruler as spaCy makes it
WRITTEN = blank("en")
# Few words, so that they meet; upper, lower and title case, letters whose case is odd, and what
# the tokenizer splits or has special rules for
WORDS = [
    *("iphone", "iPhone", "IPHONE", "x", "X", "8", "10", "the", "The", "new", "New"),
    *("straße", "STRASSE", "İstanbul", "i̇stanbul", "ΟΔΟΣ", "οδος", "ǅ", "漢字", "é", "É", "😀"),
    *("can't", "cannot", "U.S.", "gonna", "$5", "e.g.", ":)", "-", "(", "\n", "  "),
]


OPERATORS = ["!", "?", "+", "*", "{2}", "{1,2}", "{1,}", "{,2}"]
FLAGS = "IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_UPPER IS_TITLE IS_PUNCT IS_SPACE IS_STOP LIKE_NUM".split()


def attribute(name: str):
    """A strategy for values of a string attribute, plain and with every predicate."""
    word = st.sampled_from(WORDS)
    words = st.lists(word, max_size=3)
    regex = st.sampled_from(["^i", "(?i)PHONE$", r"^\d+$", "[^a]", "."])
    value = st.one_of(
        word,
        st.fixed_dictionaries({"IN": words}),
        st.fixed_dictionaries({"NOT_IN": words}),
        st.fixed_dictionaries({"REGEX": regex}),
        st.fixed_dictionaries(
            {"REGEX": st.fixed_dictionaries({"IN": st.lists(regex, max_size=2)})}
        ),
        st.fixed_dictionaries({"FUZZY": word}),
    )
    return st.fixed_dictionaries({name: value})


def merged(dicts):
    return {key: value for part in dicts for key, value in part.items()}


plain_words = st.sampled_from(["LOWER", "lower", "ORTH", "TEXT", "text"]).flatmap(
    lambda name: st.lists(
        st.fixed_dictionaries({name: st.sampled_from(WORDS)}), min_size=1, max_size=3
    )
)


conditions = st.one_of(
    *map(attribute, ("LOWER", "ORTH", "NORM", "SHAPE")),
    st.sampled_from(FLAGS).flatmap(lambda name: st.fixed_dictionaries({name: st.booleans()})),
    st.fixed_dictionaries({"SPACY": st.booleans()}),
    st.fixed_dictionaries({"LENGTH": st.integers(1, 8)}),
    st.fixed_dictionaries(
        {"LENGTH": st.fixed_dictionaries({">=": st.integers(1, 8), "!=": st.integers(1, 8)})}
    ),
    st.fixed_dictionaries({"OP": st.sampled_from(OPERATORS)}),
)


any_tokens = st.lists(st.lists(conditions, max_size=2).map(merged), min_size=1, max_size=3)


strings = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


patterns = st.one_of(plain_words, any_tokens, strings.filter(str.strip))


rules = st.lists(
    # Of one label: who wins between labels is tested in test_labels.py
    st.fixed_dictionaries({"label": st.just("A"), "pattern": patterns}),
    min_size=1,
    max_size=8,
).map(lambda found: [{**rule, "id": f"r{n}"} for n, rule in enumerate(found)])


texts = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=4)), max_size=12).map(" ".join)


class Plain:
    """One Matcher with all rules, a string being its words, and spaCy's filter for overlaps."""

    def __init__(self, nlp, rules):
        self.nlp = nlp
        self.rules = {rule["id"]: rule for rule in rules}
        self.matcher = Matcher(nlp.vocab)
        for rule in rules:
            pattern = rule["pattern"]
            if isinstance(pattern, str):
                pattern = [{"ORTH": token.text} for token in nlp.make_doc(pattern)]
            self.matcher.add(rule["id"], [pattern])

    def __call__(self, text):
        doc = self.nlp.make_doc(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.matcher(doc)
        ids = [(self.nlp.vocab.strings[key], start, end) for key, start, end in found]
        spans = sorted(
            Span(doc, start, end, label=self.rules[id]["label"], span_id=id)
            for id, start, end in ids
        )
        doc.ents = filter_spans(spans)
        return described(doc), sorted(span.id_ for span in spans)


def described(doc):
    return [(ent.start, ent.end, ent.label_, ent.id_, ent.ent_id_) for ent in doc.ents]


def assert_the_same(rules, texts) -> int:
    """Compare all ways to match; RETURNS (int): the number of matches."""
    for nlp in (QUICK, WRITTEN):
        if COMPONENT in nlp.pipe_names:
            nlp.remove_pipe(COMPONENT)
    add_ruler(QUICK, rules)
    label = Labeller(QUICK)
    plain = Plain(QUICK, rules)
    WRITTEN.add_pipe(COMPONENT, config=CONFIG).add_patterns(rules)
    n_matches = 0
    for text in texts:
        entities, ids = plain(text)
        doc, found = label(text)
        assert described(doc) == entities
        assert sorted(found) == ids
        assert described(QUICK(text)) == described(WRITTEN(text)) == entities
        assert {token.ent_iob_ for token in doc} <= {"B", "I", "O"}
        n_matches += len(found)
    return n_matches


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(rules, st.lists(texts, min_size=1, max_size=4))
def test_any_rules_on_any_texts(rules, texts):
    assert_the_same(rules, texts)


@settings(deadline=None, max_examples=40)
@given(st.lists(plain_words, min_size=1, max_size=30), st.lists(texts, min_size=1, max_size=8))
def test_many_plain_rules(patterns, texts):
    """Phrases of both kinds that begin alike, overlap or are the same."""
    rules = [{"label": "A", "pattern": p, "id": f"r{n}"} for n, p in enumerate(patterns)]
    assert_the_same(rules, texts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "patterns,texts",
    [
        ("food_patterns", "reddit_r_cooking_sample"),
        ("fashion_brands_patterns", "fashion_brands_training"),
    ],
)
def test_real_texts(patterns, texts):
    files = [EXTRA / f"{name}.jsonl" for name in (patterns, texts)]
    if not all(file.exists() for file in files):
        pytest.skip("the extra assets are absent: spacy project assets --extra")
    rules = [{**rule, "id": str(n)} for n, rule in enumerate(srsly.read_jsonl(files[0]))]
    found = assert_the_same(rules, (r["text"] for r in islice(srsly.read_jsonl(files[1]), 600)))
    assert found > 50


@pytest.mark.slow
def test_shipped_rules_on_shipped_texts():
    assets = ROOT / "assets"
    nlp = blank("en")
    rules = collect_rules(nlp, assets / "patterns.jsonl", assets / "suggestions.jsonl")
    texts = (r["text"] for r in islice(srsly.read_jsonl(assets / "texts.jsonl"), 600))
    assert assert_the_same(rules, texts) > 100


PLAIN = {
    "strings": ("iPhone X", ("ORTH", ["iPhone", "X"])),
    "split string": ("can't", ("ORTH", ["ca", "n't"])),
    "lower": ([{"LOWER": "new"}, {"lower": "york"}], ("LOWER", ["new", "york"])),
    "text": ([{"TEXT": "New"}, {"orth": "York"}], ("ORTH", ["New", "York"])),
    "more than a token": ([{"LOWER": "new york"}], ("LOWER", ["new york"])),
    "no lower case": ([{"LOWER": "New"}], None),
    "both": ([{"LOWER": "new"}, {"TEXT": "York"}], None),
    "operator": ([{"LOWER": "new", "OP": "?"}], None),
    "predicate": ([{"LOWER": {"IN": ["new"]}}], None),
    "other attribute": ([{"NORM": "new"}], None),
    "number": ([{"LOWER": 5}], None),
    "any token": ([{"LOWER": "new"}, {}], None),
    "empty": ([{"LOWER": ""}], None),
}


@pytest.mark.parametrize("case", PLAIN)
def test_what_is_a_phrase(case):
    pattern, expected = PLAIN[case]
    assert read_phrase(NLP, pattern) == expected


def test_rules_are_written_so_that_most_are_strings():
    """The pipeline that is packaged is plain spaCy, and quick where its rules allow it."""
    rules = [
        {"label": "A", "pattern": "Kindle Fire", "id": "string"},
        {"label": "A", "pattern": [{"LOWER": "iphone"}, {"LOWER": "x"}], "id": "lower"},
        {"label": "A", "pattern": [{"LOWER": "gon"}, {"LOWER": "na"}], "id": "is split"},
        {"label": "A", "pattern": [{"LOWER": "a-b"}], "id": "is not"},
        {"label": "A", "pattern": [{"IS_DIGIT": True}], "id": "other"},
    ]
    nlp = blank("en")
    add_ruler(nlp, rules)
    assert nlp.get_pipe(COMPONENT).phrase_matcher_attr == "LOWER"
    assert {rule["id"]: rule["pattern"] for rule in nlp.get_pipe(COMPONENT).patterns} == {
        "string": [{"ORTH": "Kindle"}, {"ORTH": "Fire"}],
        "lower": "iphone x",
        "is split": "gon na",
        "is not": [{"LOWER": "a-b"}],
        "other": [{"IS_DIGIT": True}],
    }
