"""check-data on rules that match everyday words, or a sign at the edge of a name."""

import re

import pytest
from helpers.flawed_data import NAMES, files, good_data
from helpers.running import ROOT, invoke, write_jsonl

import check_data

EXTRA = ROOT / "assets" / "extra"


@pytest.fixture
def check(tmp_path, monkeypatch):
    """RETURNS (Callable): Checks data without `spacy debug data`, which takes seconds."""
    monkeypatch.setattr(check_data, "debug_data", lambda *args: (0, []))

    def do(data):
        found = check_data.check_data(*files(data, tmp_path), ROOT / "configs" / "ner.cfg")
        return {entry["check"]: entry for entry in found["findings"]}

    return do


def days(number, form="{} day"):
    """RETURNS (list): Raw texts in which an everyday rule matches."""
    words = ("my", "one", "every")
    return [{"text": f"bal {i} {form.format(words[i % 3])} dal {i}"} for i in range(number)]


def day_rule(data):
    pattern = [{"IS_ALPHA": True}, {"LOWER": "day"}]
    data.patterns.append({"label": "GADGET", "pattern": pattern, "id": "days"})
    return data


def test_a_word_in_many_matches_is_named_with_forms_and_rules(check):
    data = day_rule(good_data())
    data.texts += days(90)
    found = check(data)["everyday"]
    assert found["severity"] == "warning" and found["remedy"]
    n_matches, n_all = map(int, re.match(r"(\d+) of (\d+) ", found["title"]).groups())
    assert n_matches == 90 and n_all > 250 and 'GADGET have the word "day"' in found["title"]
    assert [place["note"] for place in found["places"]] == ["30 times, rule days"] * 3
    assert {re.search(r"\[(.*)\]", p["text"])[1] for p in found["places"]} == {
        "my day",
        "one day",
        "every day",
    }
    assert found["places"][0]["line"] == 301


@pytest.mark.parametrize("number, form", [(15, "{} day"), (60, "{} day"), (90, "Labor Day")])
def test_what_is_rare_a_small_share_or_has_capitals_is_fine(number, form, check):
    data = day_rule(good_data())
    data.texts += days(number, form)
    assert "everyday" not in check(data)


def test_each_label_has_its_own_share(check):
    """Few matches of one label are many of another."""
    data = good_data()
    data.patterns.append({"label": "EVENT", "pattern": [{"LOWER": "day"}]})
    data.texts += days(25)
    found = check(data)["everyday"]
    assert found["title"] == '25 of 25 matches of EVENT have the word "day"'


def test_each_word_is_told_once(tmp_path, monkeypatch):
    """And not "my" where "day" says more."""
    monkeypatch.setattr(check_data, "debug_data", lambda *args: (0, []))
    data = good_data()
    for word in ("day", "week"):
        data.patterns.append({"label": "EVENT", "pattern": [{"LOWER": "my"}, {"LOWER": word}]})
        data.texts += [
            {"text": f"bal {i} my {word} dal"} for i in range(30 if word == "day" else 40)
        ]
    checked = check_data.check_data(*files(data, tmp_path), ROOT / "configs" / "ner.cfg")
    titles = [f["title"] for f in checked["findings"] if f["check"] == "everyday"]
    assert titles == [
        '40 of 70 matches of EVENT have the word "week"',
        '30 of 70 matches of EVENT have the word "day"',
    ]


def test_signs_at_the_edge_of_matches_are_named(check):
    data = good_data()
    pattern = [{"LOWER": "zorba"}, {"IS_ALPHA": False}]
    data.patterns.append({"label": "GADGET", "pattern": pattern, "id": "greedy"})
    data.texts += [{"text": f"bal {i} Zorba, dal"} for i in range(3)]
    data.texts += [{"text": f"bal {i} Zorba (2) dal"} for i in range(3)]
    found = check(data)["signs"]
    assert found["severity"] == "warning" and "6 matches" in found["title"]
    notes = [(re.search(r"\[(.*)\]", p["text"])[1], p["note"]) for p in found["places"]]
    assert sorted(notes) == [
        ("Zorba (", "3 times, rule greedy"),
        ("Zorba,", "3 times, rule greedy"),
    ]


def test_signs_within_a_name_are_fine(check):
    data = good_data()
    data.patterns.append({"label": "GADGET", "pattern": "Zorba (2)"})
    data.patterns.append({"label": "GADGET", "pattern": "X-Zorba & Co"})
    data.texts += [{"text": f"bal {i} Zorba (2) and X-Zorba & Co dal"} for i in range(5)]
    assert not {"signs", "everyday"} & set(check(data))


def test_it_is_printed_on_short_lines_and_does_not_fail(tmp_path, monkeypatch):
    monkeypatch.setattr(check_data, "debug_data", lambda *args: (0, []))
    data = day_rule(good_data())
    data.texts += [*days(90), {"text": "my\x1b[2J day"}]
    args = [*files(data, tmp_path), ROOT / "configs" / "ner.cfg"]
    done = invoke(check_data.check_data_cli, *args, tmp_path / "out.json", tmp_path / "none.html")
    assert done.exit_code == 0
    assert "30 times, rule days" in done.flat and "\x1b[2J" not in done.output
    assert all(len(line) <= 80 for line in done.output.splitlines())


SETS = {
    "shipped": ("texts", "patterns"),
    "fashion": ("extra/fashion_brands_training", "extra/fashion_brands_patterns"),
    "food": ("extra/reddit_r_cooking_sample", "extra/food_patterns"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_real_rules_have_no_such_finding(name, tmp_path, monkeypatch):
    monkeypatch.setattr(check_data, "debug_data", lambda *args: (0, []))
    texts, patterns = (ROOT / "assets" / f"{stem}.jsonl" for stem in SETS[name])
    if not texts.exists():
        pytest.skip("needs the extra assets")
    empty = write_jsonl(tmp_path / "empty.jsonl", [])
    config = ROOT / "configs" / "ner.cfg"
    found = check_data.check_data(texts, patterns, empty, empty, empty, config)
    assert not {"everyday", "signs"} & {entry["check"] for entry in found["findings"]}


def test_the_shares_of_the_made_up_data():
    """The cases above lie on both sides of the bar only with so many names in the raw texts."""
    data = good_data()
    n_matches = sum(any(name in text["text"].split() for name in NAMES) for text in data.texts)
    assert 60 / (n_matches + 60) < 0.25 < 90 / (n_matches + 90)
