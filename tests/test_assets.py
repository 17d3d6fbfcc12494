"""The shipped corpus: `python -m pytest tests/test_assets.py -s` prints the figures of assets/README.md."""

import itertools
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import pytest
import spacy
from helpers.little import build_rules
from helpers.running import COURSE_PATTERNS, ROOT
from spacy.scorer import get_ner_prf
from spacy.training import Example

from reading.gold import load_gold, read_gold
from reading.patterns import read_patterns
from reading.splits import text_hash
from reading.texts import read_texts

ASSETS = ROOT / "assets"
TEXTS = [text for _, text in read_texts(ASSETS / "texts.jsonl")]
GOLD = list(read_gold(ASSETS / "gold.jsonl"))
ALL = TEXTS + [record.text for record in GOLD]


def words(text):
    return re.findall(r"\w+", text.lower())


def ngrams(text, n):
    found = words(text)
    return [tuple(found[i : i + n]) for i in range(len(found) - n + 1)]


@pytest.fixture(scope="module")
def rules():
    return build_rules("en", ASSETS / "patterns.jsonl", Path("/dev/null"))


@pytest.fixture(scope="module")
def labelled(rules):
    return list(rules.pipe(TEXTS))


def show(what, figure):
    print(f"{what}: {figure}")


def test_counts():
    show("raw comments", len(TEXTS))
    show("gold comments", len(GOLD))
    assert len(TEXTS) >= 2000
    assert len(GOLD) >= 500


def test_lengths():
    lengths = [len(text.split()) for text in ALL]
    show("words in a comment, least, median, most", (min(lengths), median(lengths), max(lengths)))
    assert min(lengths) >= 5 and max(lengths) <= 120
    assert 20 <= median(len(text.split()) for text in TEXTS) <= 30


def test_no_duplicates():
    assert len({text_hash(text) for text in ALL}) == len(ALL)


def test_no_near_duplicates():
    grams = [set(ngrams(text, 5)) for text in ALL]
    where = defaultdict(list)
    for number, found in enumerate(grams):
        for gram in found:
            where[gram].append(number)
    shared = Counter(
        pair for places in where.values() for pair in itertools.combinations(places, 2)
    )
    jaccard = {(a, b): n / len(grams[a] | grams[b]) for (a, b), n in shared.items()}
    show("highest 5-gram Jaccard of two comments", round(max(jaccard.values()), 3))
    assert max(jaccard.values()) <= 0.3


def test_distinct_4grams():
    counts = Counter(gram for text in ALL for gram in ngrams(text, 4))
    show("share of distinct 4-grams", round(len(counts) / counts.total(), 3))
    assert len(counts) / counts.total() > 0.93


def test_no_stock_phrase():
    counts = Counter(gram for text in ALL for gram in set(ngrams(text, 6)))
    show("comments that share a 6-word sequence, at most", max(counts.values()))
    assert max(counts.values()) <= 4


def test_share_without_entities():
    share = sum(not record.spans for record in GOLD) / len(GOLD)
    show("gold comments without a gadget", round(share, 2))
    assert share >= 0.4


@pytest.mark.slow
def test_surface_forms(labelled):
    # Only what the rules find can be counted in raw texts: a lower bound
    raw = Counter(ent.text.casefold() for doc in labelled for ent in doc.ents)
    rare = sum(count <= 2 for count in raw.values()) / len(raw)
    show("forms that rules find in raw comments", len(raw))
    show("of these in one or two comments", round(rare, 2))
    gold = Counter(r.text[s:e].casefold() for r in GOLD for s, e, _ in r.spans)
    show("forms and mentions in gold", (len(gold), gold.total()))
    assert len(raw) >= 300 and rare >= 0.5
    assert len(gold) >= 300


@pytest.mark.slow
@pytest.mark.parametrize(
    "word",
    "pixel galaxy watch note edge surface fold nothing apple echo switch kindle series android".split(),
)
def test_traps(word, labelled):
    """Words that gadgets are named after also occur where no rule finds a gadget."""
    traps = [doc for doc in labelled for t in doc if t.lower_ == word and not t.ent_type]
    assert len(traps) >= 5


def test_gold_is_aligned():
    docs, left_out = load_gold(spacy.blank("en"), ASSETS / "gold.jsonl", skip_bad_spans=False)
    assert left_out == 0 and len(docs) == len(GOLD)
    assert {ent.label_ for doc in docs for ent in doc.ents} == {"GADGET"}
    for doc in docs:
        for ent in doc.ents:
            assert ent.text == ent.text.strip()


@pytest.mark.slow
def test_rules_are_precise_not_complete(rules):
    docs, _ = load_gold(spacy.blank("en"), ASSETS / "gold.jsonl", skip_bad_spans=False)
    scores = get_ner_prf([Example(rules(doc.text), doc) for doc in docs])
    show("precision and recall of the rules on gold", (scores["ents_p"], scores["ents_r"]))
    assert scores["ents_p"] >= 0.9
    assert 0.45 <= scores["ents_r"] <= 0.7


def test_unseen_gold_entities(rules):
    forms = [r.text[s:e] for r in GOLD for s, e, _ in r.spans]
    unmatched = sum(not any(ent.text == form for ent in rules(form).ents) for form in forms)
    show("share of gold entities whose form no pattern matches", round(unmatched / len(forms), 2))
    assert unmatched / len(forms) >= 0.35


def test_patterns():
    patterns = [rule for _, rule in read_patterns(ASSETS / "patterns.jsonl")]
    assert 40 <= len(patterns) <= 80
    for rule in COURSE_PATTERNS:
        assert rule in patterns
    text = json.dumps(patterns)
    for feature in ("IN", "OP", "REGEX", "IS_DIGIT", "LIKE_NUM"):
        assert f'"{feature}"' in text
    assert any(isinstance(rule["pattern"], str) for rule in patterns)
