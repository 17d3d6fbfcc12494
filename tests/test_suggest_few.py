"""suggest with few matches to learn from, and what it need not ask since rules find it."""

import random
import re

import pytest
from helpers.running import LANG, ROOT, invoke, read_jsonl, write_jsonl
from helpers.suggest_data import make_files, make_suggester
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarking.annotator import Annotator, answer_all
from benchmarking.data import load_datasets
from labelling.matching import Labeller
from labelling.rules import add_ruler
from reading.patterns import blank
from suggest import suggest_cli
from suggesting.candidates import load_candidates
from suggesting.matches import RuleMatches
from suggesting.suggester import FEW_MATCHES, Suggester

EXTRA = ROOT / "assets" / "extra"


@pytest.fixture
def files(tmp_path):
    return make_files(tmp_path)


def proposed(files, number=200):
    """RETURNS (List[str]): All terms that are worth a question, in lower case."""
    added = make_suggester(files).propose([], number)
    return [record["text"].lower() for record in added]


def add_texts(files, *texts, times=40):
    with files["texts"].open("a", encoding="utf8") as file:
        copies = [{"text": f"{text} {i}"} for text in texts for i in range(times)]
        file.write(write_jsonl(files["texts"].with_name("more"), copies).read_text("utf8"))


# --- What can add nothing


def test_what_lies_in_matches_is_no_question(files):
    """Here "passion" and "fruit" only stand in what a rule matches."""
    assert {"passion", "fruit"} & set(proposed(files))
    with files["patterns"].open("a") as file:
        file.write('{"label": "FRUIT", "pattern": "passion fruit"}\n')
    assert not {"passion", "fruit", "passion fruit"} & set(proposed(files))
    add_texts(files, "She ate a fresh fruit for lunch")
    assert "fruit" in proposed(files) and "passion" not in proposed(files)


def test_the_same_for_accepted_terms(files):
    write_jsonl(
        files["suggestions"], [{"text": "passion fruit", "label": "FRUIT", "answer": "accept"}]
    )
    terms = {r["text"] for r in make_suggester(files).add(files["suggestions"], 200)}
    assert "plum" in terms and not {"passion", "fruit"} & terms
    # And not for rejected ones
    write_jsonl(
        files["suggestions"], [{"text": "passion fruit", "label": "FRUIT", "answer": "reject"}]
    )
    terms = {r["text"] for r in make_suggester(files).add(files["suggestions"], 200)}
    assert {"passion", "fruit"} & terms


def test_what_goes_across_the_edge_of_matches_is_no_question(files):
    add_texts(files, "I ate Granny Smith apple Boots for lunch")
    with files["patterns"].open("a") as file:
        file.write('{"label": "FRUIT", "pattern": "Smith apple"}\n')
    terms = proposed(files)
    assert not {"granny smith", "smith", "apple boots"} & set(terms)
    # What contains the match makes it longer
    assert "granny smith apple" in terms or "smith apple boots" in terms


def test_the_number_of_texts_that_are_read_has_a_bound(files, monkeypatch):
    """A term that rules cover in the first texts is taken to be covered."""
    monkeypatch.setattr("suggesting.suggester.MAX_TEXTS", 2)
    with files["patterns"].open("a") as file:
        file.write('{"label": "FRUIT", "pattern": "passion fruit"}\n')
    add_texts(files, "She ate a fresh fruit for lunch")
    assert "fruit" not in proposed(files)


RULES = st.lists(
    st.one_of(
        st.text("abA ", min_size=1, max_size=5).filter(str.strip),
        st.lists(
            st.sampled_from(
                [
                    {"LOWER": "a"},
                    {"ORTH": "A"},
                    {"text": "b"},
                    {"LOWER": "b", "OP": "+"},
                    {"IS_DIGIT": True},
                    {"OP": "?"},
                ]
            ),
            min_size=1,
            max_size=3,
        ).filter(lambda pattern: pattern != [{"OP": "?"}] * len(pattern)),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@given(RULES, st.lists(st.text("abA1 ,", max_size=12), max_size=3))
@settings(max_examples=150, deadline=None)
def test_matches_are_what_convert_labels(patterns, texts):
    rules = [{"label": "X", "pattern": p, "id": str(i)} for i, p in enumerate(patterns)]
    nlp = blank(LANG)
    matches = RuleMatches(blank(LANG), rules)
    add_ruler(nlp, rules)
    labeller = Labeller(nlp)
    for text in texts:
        doc, spans = matches(text)
        expected = [(ent.start, ent.end) for ent in labeller(text)[0].ents]
        assert sorted((span.start, span.end) for span in spans) == expected
    total = sum(len(labeller(text)[0].ents) for text in texts)
    assert matches.count(texts, ["X"], 10**6) == {"X": total}


# --- Too little to learn from


def test_few_matches_are_told_by_label(files):
    done = invoke(suggest_cli, *files.values())
    n_apples = sum(" apple " in f" {r['text']} " for r in read_jsonl(files["texts"]))
    n_pears = sum(" pear " in f" {r['text']} " for r in read_jsonl(files["texts"]))
    assert n_apples + n_pears < FEW_MATCHES
    assert f"Few matches to learn from: {n_apples + n_pears} of FRUIT" in done.flat
    assert "More rules make better suggestions" in done.flat
    # Before the suggestions, not after
    assert done.output.index("Few matches") < done.output.index("Term ")
    assert "to throw it away" not in done.flat
    write_jsonl(files["texts"], read_jsonl(files["texts"])[:50])
    assert re.search(
        r"Few .*: \d+ of FRUIT, \d+ of MAKER", invoke(suggest_cli, *files.values()).flat
    )


def test_enough_matches_are_not_told(files):
    add_texts(files, "An apple a day from Acme Co", times=FEW_MATCHES)
    done = invoke(suggest_cli, *files.values())
    assert done.exit_code == 0 and "Few" not in done.flat
    # Accepted terms count, texts of gold don't
    gold = [{**r, "spans": []} for r in read_jsonl(files["texts"]) if "a day from" in r["text"]]
    write_jsonl(files["gold"], gold)
    write_jsonl(files["suggestions"], [])
    assert "Few" in invoke(suggest_cli, *files.values()).flat
    accepted = [{"text": t, "label": "FRUIT", "answer": "accept"} for t in ("plum", "kiwi")]
    write_jsonl(files["suggestions"], accepted)
    assert " of FRUIT" not in invoke(suggest_cli, *files.values()).flat


def test_counting_ends_when_there_are_enough():
    def texts():
        yield from ["apple apple", "apple", "apple Acme"]
        raise AssertionError("read on")

    rules = [{"label": "FRUIT", "pattern": "apple"}, {"label": "MAKER", "pattern": "Acme"}]
    counts = RuleMatches(blank(LANG), rules).count(texts(), ["FRUIT", "MAKER"], 1)
    assert counts == {"FRUIT": 4, "MAKER": 1}


def test_a_label_without_a_match_is_asked_nothing(files):
    with files["patterns"].open("a") as file:
        file.write('{"label": "PLANET", "pattern": "Jupiter"}\n')
    done = invoke(suggest_cli, *files.values())
    assert "0 of PLANET" in done.flat
    assert f"does nothing: to throw it away, delete it from {files['suggestions']}" in done.flat
    assert {r["label"] for r in read_jsonl(files["suggestions"])} == {"FRUIT", "MAKER"}
    write_jsonl(files["patterns"], [{"label": "PLANET", "pattern": "Jupiter"}])
    write_jsonl(files["suggestions"], [])
    done = invoke(suggest_cli, *files.values())
    assert done.exit_code == 0 and "0 of PLANET" in done.flat
    assert read_jsonl(files["suggestions"]) == []


# --- What is printed


def test_the_list_is_sorted_by_the_score_and_says_what_that_is(files):
    done = invoke(suggest_cli, *files.values())
    shown = re.findall(r"^(\S.*?) +(?:FRUIT|MAKER) +(\d+) +(\d\.\d\d)$", done.output, re.M)
    scores = [float(score) for _, _, score in shown]
    records = read_jsonl(files["suggestions"])
    assert len(scores) == len(records) and scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 5
    assert [term for term, _, _ in shown] == [record["text"] for record in records]
    assert done.flat.count("Score, 0 to 1: ") == 1
    assert all(
        len(line) <= 80 or str(files["suggestions"]) in line for line in done.output.split("\n")
    )


# --- Real data


@pytest.mark.slow
@pytest.mark.skipif(not (EXTRA / "food_data.jsonl").exists(), reason="needs the extra assets")
def test_what_few_matches_are_worth_on_real_data(tmp_path):
    """The simulated person's yeses to the first 25, with some of the patterns: two, or 30."""
    nlp = blank("en")
    found = {}
    for name, dataset in load_datasets(EXTRA).items():
        empty = write_jsonl(tmp_path / "empty", [])
        candidates = load_candidates(tmp_path / name, nlp, dataset.texts, empty)
        annotator = Annotator(dataset.annotated)
        patterns = read_jsonl(dataset.patterns)
        for size in (2, 30):
            for draw in range(3):
                some = random.Random(draw).sample(patterns, size)
                paths = write_jsonl(tmp_path / "p", some), write_jsonl(tmp_path / "s", [])
                suggester = Suggester(nlp, candidates, paths[0], dataset.texts)
                few = suggester.few_matches([])
                suggester.add(paths[1], 25)
                answer_all(nlp, annotator, paths[1], suggester.labels)
                n_yes = sum(r["answer"] == "accept" for r in read_jsonl(paths[1]))
                print(name, size, "patterns, matches:", few or "enough", "accepted:", n_yes)
                found.setdefault((name, size), []).append(n_yes)
    for name in ("fashion", "food"):
        assert sum(found[name, 2]) < sum(found[name, 30])
    assert sum(found["food", 30]) > 3 * 15
