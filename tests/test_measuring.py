"""The scores, by hand, against spaCy, and where there is nothing to score; and what a page shows of them."""

import time
from collections import Counter

import numpy
import pytest
import spacy
import srsly
from helpers.little import NLP, RECORDS, docs, little_project
from helpers.running import write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.cli.evaluate import evaluate as spacy_evaluate
from spacy.tokens import Span
from spacy.training import Example

from measuring.marks import draw, error_examples, visible
from measuring.scores import (
    ERROR_KINDS,
    STAGES,
    bootstrap_f,
    count_errors,
    errors,
    interval,
    points,
    tally,
)
from measuring.verdict import verdict
from measuring.words import learning_curve, rule_table

# --- Scores


def test_scores_by_hand(little):
    metrics = srsly.read_json(little["metrics"])
    # The pipeline finds 2 of 5 entities, and 3 that are none
    assert metrics["pipeline"]["ents_p"] == pytest.approx(2 / 5)
    assert metrics["pipeline"]["ents_r"] == pytest.approx(2 / 5)
    assert metrics["pipeline"]["errors"] == {kind: 1 for kind in ERROR_KINDS}
    assert metrics["rules"]["seen"] == 1 and metrics["rules"]["unseen"] == 0
    assert metrics["pipeline"]["unseen"] == pytest.approx(1 / 4)
    assert metrics["test"] == {
        "texts": 7,
        "entities": {"GADGET": 5},
        "seen": 1,
        "unseen": 4,
        "rule_only": 0,
        "new": 4,
    }
    gain = metrics["differences"]["pipeline-rules"]
    assert gain["ents_f"] == pytest.approx(2 / 5 - 1 / 4)
    assert gain["ents_f_ci"][0] <= gain["ents_f"] <= gain["ents_f_ci"][1]


@pytest.mark.parametrize("stage", STAGES)
def test_scores_equal_spacy_evaluate(little, tmp_path, stage):
    # The scorer that span_ruler has by default looks at spans, not at entities
    scorer = {"components.span_ruler.scorer": {"@scorers": "spacy.entity_ruler_scorer.v1"}}
    spacy.load(little[stage], config=scorer).to_disk(tmp_path)
    theirs = spacy_evaluate(str(tmp_path), little["test"], silent=True)
    ours = srsly.read_json(little["metrics"])[stage]
    for key in ("ents_p", "ents_r", "ents_f"):
        assert ours[key] == pytest.approx(theirs[key])
    for label, scores in theirs["ents_per_type"].items():
        assert ours["ents_per_type"][label] == pytest.approx(scores)


def test_bootstrap_by_hand():
    # Two texts, one with a hit, one with a miss. Of the four equally likely draws one has
    # both times the hit (F1 1), two have one each (2 / 3), one has both times the miss (0).
    samples = bootstrap_f(numpy.array([(1, 0, 0), (0, 0, 1)]), seed=0)
    assert len(samples) >= 1000
    for value, share in ((1, 0.25), (2 / 3, 0.5), (0, 0.25)):
        assert numpy.isclose(samples, value).mean() == pytest.approx(share, abs=0.04)
    assert interval(samples) == [0, 1]


def test_bootstrap_is_seeded_and_paired():
    counts = numpy.array([(3, 1, 0), (1, 2, 2), (0, 0, 1), (4, 0, 1)])
    assert (bootstrap_f(counts, 1) == bootstrap_f(counts, 1)).all()
    assert (bootstrap_f(counts, 1) != bootstrap_f(counts, 2)).any()
    assert interval(bootstrap_f(counts, 1) - bootstrap_f(counts, 1)) == [0, 0]
    assert interval(bootstrap_f(numpy.array([(2, 0, 0)] * 3), 0)) == [1, 1]


def test_bootstrap_without_anything_to_count():
    assert interval(bootstrap_f(numpy.zeros((0, 3), dtype="int64"), 0)) is None
    assert interval(bootstrap_f(numpy.zeros((4, 3), dtype="int64"), 0)) is None


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3), st.sampled_from("AB")), max_size=6)


def _doc(spans):
    doc = NLP.make_doc("a b c d e f g h i j k l")
    ents, end = [], 0
    for start, length, label in sorted(spans):
        if start >= end:
            end = start + length
            ents.append(Span(doc, start, end, label))
    doc.set_ents(ents)
    return doc


@settings(max_examples=60, deadline=None)
@given(SPANS, SPANS)
def test_error_kinds_add_up(gold, predicted):
    example = Example(_doc(predicted), _doc(gold))
    (hits, spurious, missed), kinds = tally([example])[0], count_errors([example])
    assert hits + missed == len(example.reference.ents)
    assert hits + spurious == len(example.predicted.ents)
    assert kinds["missed"] + kinds["wrong_boundary"] + kinds["wrong_label"] == missed
    assert kinds["spurious"] <= spurious


def test_errors_name_both_sides():
    gold, predicted = docs([("a b c", [(0, 3, "X")])]) + docs([("a b c", [(2, 5, "X")])])
    [(kind, wanted, found)] = errors(gold, predicted)
    assert (kind, wanted.text, found.text) == ("wrong_boundary", "a b", "b c")


def test_differences_have_a_sign():
    assert [points(d) for d in (0.051, -0.051, -0.0001, None)] == ["+5.1", "-5.1", "+0.0", "-"]


@pytest.mark.slow
def test_many_texts(tmp_path):
    records = (RECORDS * 1000)[:5000]
    start = time.perf_counter()
    project = little_project(tmp_path, records)
    assert time.perf_counter() - start < 60
    assert srsly.read_json(project["metrics"])["test"]["texts"] == 5000


# --- Words and marks


@pytest.mark.parametrize(
    "interval, headline",
    [
        ([0.01, 0.2], "The pipeline is better than the rules alone"),
        ([-0.1, -0.01], "The rules alone are better than the pipeline"),
        ([-0.1, 0.1], "No clear difference"),
    ],
)
def test_verdict_follows_the_interval(little, interval, headline):
    metrics = srsly.read_json(little["metrics"])
    metrics["differences"]["pipeline-rules"].update(ents_f_ci=interval, apart=6)
    assert verdict(metrics)[0].startswith(headline)


def test_learning_curve(tmp_path):
    rows = [{"step": 5, "losses": {"a": 1, "b": 2}, "scores": {"ents_f": 50.0}}]
    log = write_jsonl(tmp_path / "log.jsonl", [*rows, {"step": 6, "losses": {}, "scores": None}])
    assert learning_curve(log) == [{"step": 5, "loss": 3, "f": 0.5}]


def test_drawing_keeps_text_and_offsets():
    html = draw("a\0b <c>", [], "rtl")
    assert "direction: rtl" in html and "&lt;c&gt;" in html
    assert visible("\u202e<") == '<span class="control">U+202E</span>&lt;'


def test_errors_of_every_kind_are_marked():
    gold = docs([text_and_spans for text_and_spans in RECORDS if text_and_spans[1]])
    empty = docs([(text, []) for text, spans in RECORDS if spans])
    examples = error_examples(gold, empty)
    assert [example["kinds"] for example in examples] == [["missed"]] * 5
    assert '<mark class="wrong">iphone' in examples[0]["gold"]
    assert "<mark" not in examples[0]["found"]


def test_rule_table():
    rules = [
        {"id": "a", "label": "X", "pattern": [{"LOWER": "it"}, {"IS_DIGIT": True}], "matches": 3},
        {"id": "b", "label": "X", "pattern": "no", "matches": 0},
        {"id": "c", "label": "X", "pattern": "long" * 1000, "matches": 9},
    ]
    gold, found = docs([("it 1 it 2", [(0, 4, "X")])]), docs([("it 1 it 2", [])])
    spans = [found[0].char_span(0, 4, "X", span_id="a"), found[0].char_span(5, 9, "X", span_id="a")]
    found[0].set_ents(spans)
    table = rule_table({"rules": rules}, gold, found, {"a": Counter({"it 7": 2})})
    assert [row["id"] for row in table] == ["c", "a", "b"]
    assert (table[1]["right"], table[1]["found"]) == (1, 2)
    assert table[1]["examples"] == [("it 7", 2)] and table[1]["wrong"] == [("it 2", 1)]
    assert table[1]["pattern"] == "{LOWER: it} {IS_DIGIT: True}"
    assert table[0]["pattern"].startswith('"long') and len(table[0]["pattern"]) <= 300
