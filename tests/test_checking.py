"""The checks: a data set without a flaw, and the same with one flaw each."""

import random
import re

import pytest
from helpers.flawed_data import (
    NAMES,
    OTHER_WORDS,
    WORDS,
    files,
    good_data,
    inside_a_word,
    odd_one,
    record,
    records,
    say,
)
from helpers.running import LANG, ROOT

import check_data
from checking.texts import near_duplicates


@pytest.fixture
def check(tmp_path, monkeypatch):
    """RETURNS (Callable): Checks data without `spacy debug data`, which takes seconds."""
    monkeypatch.setattr(check_data, "debug_data", lambda *args: (0, []))

    def do(data, lang=LANG):
        config = ROOT / "configs" / "ner.cfg"
        found = check_data.check_data(*files(data, tmp_path), config, lang)
        return {entry["check"]: entry for entry in found["findings"]}

    return do


def add(*made):
    return lambda data: data.gold.extend(made)


def two(label):
    """RETURNS (Callable): Adds a label to patterns, with a name that is in some gold records."""

    def do(data):
        data.patterns.append({"label": label, "pattern": "Xerxa"})
        data.gold += [record(f"galfir {i} dat", "Xerxa", f"fir {i}", label) for i in range(250)]

    return do


def unlike(**options):
    def do(data):
        data.gold = records(320, **options)

    return do


def few_forms(data):
    data.patterns = data.patterns[:3]
    data.texts = [{"text": made["text"]} for made in records(300, seed=1, names=NAMES[:3])]
    data.gold = records(320, names=NAMES[:3])


def rare_label(data):
    two("BRAND")(data)
    data.texts += [{"text": f"dat {i} Xerxa fir"} for i in range(5)]


def rule_of_a_word(data):
    data.patterns.append({"label": "GADGET", "pattern": WORDS[0]})


def by_chance(data):
    """Two names are gadgets or not, and nothing tells when."""
    chance = random.Random(5)
    for i in range(160):
        label = chance.choice(["GADGET", ""])
        data.gold.append(record(say(chance, 6), NAMES[i % 2], say(chance, 6), label))


def by_context(data):
    """Two names are gadgets after one word and not after another."""
    chance = random.Random(5)
    for i in range(160):
        word, label = chance.choice([("mine", "GADGET"), ("theirs", "")])
        data.gold.append(record(f"{say(chance, 5)} {word}", NAMES[i % 2], say(chance, 6), label))


def copied(data):
    data.texts.append({"text": data.gold[3]["text"] + " too"})


def tie(data):
    """BRAND comes first, but the label of the other pattern has the smaller hash."""
    data.patterns.insert(0, {"label": "BRAND", "pattern": [{"LOWER": {"REGEX": "^qui"}}]})
    data.patterns.insert(1, {"label": "GADGET", "pattern": [{"LOWER": {"REGEX": "nox$"}}]})
    data.texts += [{"text": f"gal quinox {i}"} for i in range(60)]


# What is spoilt, the finding, its severity, and the line of a gold record that it names
FLAWS = {
    "unusable": (inside_a_word, "error", 321),
    "space": (add(record("see my", " zorba", "dal")), "error", 321),
    "punctuation": (add(record("see my", "zorba,", "dal")), "warning", 321),
    "sentences": (add(record("see my", "zorba. Zordo", "dal")), "warning", 321),
    "contradiction": (
        add(record("so far", "zorba", "dal"), record("So  far", "zorba", "dal", "")),
        "error",
        322,
    ),
    "labels": (add(record("see my", "dalgar", "fir", "BRAND")), "error", None),
    "few": (lambda data: data.gold.__delitem__(slice(100, None)), "warning", None),
    "balance": (rare_label, "warning", None),
    "forms": (few_forms, "warning", None),
    "same context": (
        add(record("so my", "zorba", "fir gal"), record("and my", "zorba", "fir kal", "")),
        "warning",
        322,
    ),
    "odd ones": (odd_one, "warning", 333),
    "rules": (rule_of_a_word, "warning", None),
    "context": (by_chance, "warning", None),
    "near-duplicates": (copied, "warning", 4),
    "length": (unlike(size=30), "warning", None),
    "share": (unlike(share=1.0), "warning", None),
    "words": (unlike(words=OTHER_WORDS), "warning", None),
    "ties": (tie, "warning", None),
}


def test_good_data_has_no_finding(check):
    assert check(good_data()) == {}


@pytest.mark.parametrize("name", FLAWS)
def test_flaw_is_found(name, check):
    spoil, severity, line = FLAWS[name]
    data = good_data()
    spoil(data)
    found = check(data)[name]
    assert found["severity"] == severity
    assert found["why"] and found["remedy"]
    if line:
        places = [
            (re.split(r"[\\/]", place["file"])[-1], place["line"]) for place in found["places"]
        ]
        assert ("gold.jsonl", line) in places
        assert found["total"] == len(places)


def test_flaws_of_annotated_texts_are_found(check):
    data = good_data()
    end = data.gold[3]["text"].index(" ")
    data.annotated = [
        record("see my", "zorba,", "dal"),
        {"text": "so zorba", "spans": [{"start": 4, "end": 8, "label": "GADGET"}]},
        {"text": data.gold[3]["text"], "spans": [{"start": 0, "end": end, "label": "BRAND"}]},
        {"text": data.gold[5]["text"] + " too", "spans": data.gold[5]["spans"]},
    ]
    found = check(data)
    assert set(found) >= {"punctuation", "unusable", "contradiction", "near-duplicates"}
    for number, name in enumerate(("punctuation", "unusable", "contradiction"), 1):
        place = found[name]["places"][-1]
        assert re.split(r"[\\/]", place["file"])[-1] == "annotated.jsonl"
        assert place["line"] == number


def test_rules_that_annotated_texts_deny_are_named(check):
    data = good_data()
    data.patterns.append({"label": "GADGET", "pattern": "kapow"})
    assert "rules" not in check(data)
    data.annotated = [record(f"bal {i} dal", "kapow", f"fal {i}", "") for i in range(9)]
    [place] = check(data)["rules"]["places"]
    assert re.split(r"[\\/]", place["file"])[-1] == "annotated.jsonl" and place["line"] == 1
    assert "0 of 9 right" in place["note"]


def test_names_that_the_context_tells_apart_are_fine(check):
    data = good_data()
    by_context(data)
    assert "context" not in check(data)


def test_a_tie_that_the_first_rule_wins_is_fine(check):
    data = good_data()
    tie(data)
    data.patterns[:2] = data.patterns[1::-1]
    assert "ties" not in check(data)


def test_signs_that_belong_to_a_name_are_fine(check):
    data = good_data()
    signs = ("(2)", "S10+", "[x]", "U.S.")
    data.gold += [record(f"see {sign} my", f"zorba {sign}", "dal") for sign in signs]
    assert not {"punctuation", "sentences"} & set(check(data, "en"))


def test_a_name_in_a_longer_one_is_fine(check):
    data = good_data()
    data.gold += [record("so my", "zorba", "fir gal"), record("and my", "zorba fir", "kal")]
    assert "same context" not in check(data)


def test_without_gold(check):
    data = good_data()
    data.gold = []
    assert set(check(data)) == {"gold"}


def test_the_first_texts_are_looked_at(check, monkeypatch):
    monkeypatch.setattr(check_data, "MAX_TEXTS", 200)
    data = good_data()
    copied(data)
    assert set(check(data)) == {"sample"}


def test_many_records_are_capped(check):
    data = good_data()
    data.gold += [record(f"see {i} my", "zorba,", f"dal {i}") for i in range(70)]
    found = check(data)["punctuation"]
    assert (len(found["places"]), found["total"]) == (50, 70)


def test_short_texts_may_be_said_twice(check):
    data = good_data()
    data.texts.append({"text": "Thank you so much!"})
    data.gold.append({"text": "Thank you so much!!", "spans": []})
    assert check(data) == {}


def test_near_duplicates_are_the_most_similar():
    chance = random.Random(0)
    texts = [say(chance, 20) for _ in range(300)]
    spoilt = [texts[7] + " x", texts[250].upper(), say(chance, 20), ""]
    found = near_duplicates(spoilt, texts)
    assert [(i, j) for i, j, _ in found] == [(0, 7), (1, 250)]
    assert 0.8 < found[0][2] < 1 == found[1][2]
    assert near_duplicates([], texts) == near_duplicates(texts, []) == []
