"""The scores: by hand, against spaCy, and where there is nothing to score."""

import time

import numpy
import pytest
import spacy
import srsly
from helpers.little import RECORDS, docs, little_project, little_report
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.cli.evaluate import evaluate as spacy_evaluate
from spacy.training import Example

from evaluate import evaluate_cli, print_metrics
from measuring.scores import (
    ERROR_KINDS,
    STAGES,
    bootstrap_f,
    count_errors,
    errors,
    interval,
    percent,
    points,
    tally,
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return little_project(tmp_path_factory.mktemp("little"))


def test_scores_by_hand(project):
    metrics = srsly.read_json(project["metrics"])
    # The pipeline finds 2 of 5 entities, and 3 that are none
    assert metrics["pipeline"]["ents_p"] == pytest.approx(2 / 5)
    assert metrics["pipeline"]["ents_r"] == pytest.approx(2 / 5)
    assert metrics["pipeline"]["errors"] == {kind: 1 for kind in ERROR_KINDS}
    assert metrics["rules"]["seen"] == 1 and metrics["rules"]["unseen"] == 0
    assert metrics["pipeline"]["unseen"] == pytest.approx(1 / 4)
    assert metrics["test"] == {"texts": 7, "entities": {"GADGET": 5}, "seen": 1, "unseen": 4}
    gain = metrics["differences"]["pipeline-rules"]
    assert gain["ents_f"] == pytest.approx(2 / 5 - 1 / 4)
    assert gain["ents_f_ci"][0] <= gain["ents_f"] <= gain["ents_f_ci"][1]


@pytest.mark.parametrize("stage", STAGES)
def test_scores_equal_spacy_evaluate(project, tmp_path, stage):
    # The scorer that span_ruler has by default looks at spans, not at entities
    scorer = {"components.span_ruler.scorer": {"@scorers": "spacy.entity_ruler_scorer.v1"}}
    spacy.load(project[stage], config=scorer).to_disk(tmp_path)
    theirs = spacy_evaluate(str(tmp_path), project["test"], silent=True)
    ours = srsly.read_json(project["metrics"])[stage]
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


NLP = spacy.blank("en")
SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3), st.sampled_from("AB")), max_size=6)


def _doc(spans):
    doc = NLP.make_doc("a b c d e f g h i j k l")
    ents, end = [], 0
    for start, length, label in sorted(spans):
        if start >= end:
            end = start + length
            ents.append(spacy.tokens.Span(doc, start, end, label))
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


def _evaluate(project, tmp_path, min_f):
    stages = {stage: project[stage] for stage in STAGES}
    files = [tmp_path / name for name in ("metrics.json", "predictions")]
    evaluate_cli(project["test"], project["stats"], *files, **stages, seed=0, min_f=min_f)


def test_min_f(project, tmp_path, capsys):
    _evaluate(project, tmp_path, 0.4)
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        _evaluate(project, tmp_path, 0.41)
    assert stopped.value.code == 1
    assert "The pipeline's F1 is 0.4000, the least allowed is 0.41" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        _evaluate(project, tmp_path, 40)
    assert "between 0 and 1" in capsys.readouterr().out


def test_min_f_fails_where_nothing_can_be_measured(tmp_path, capsys):
    project = little_project(tmp_path / "little", records=[])
    with pytest.raises(SystemExit) as stopped:
        _evaluate(project, tmp_path, 0.1)
    assert stopped.value.code == 1
    assert "can't be measured" in capsys.readouterr().out


def test_the_same_figures_everywhere(project, capsys):
    import package

    metrics = srsly.read_json(project["metrics"])
    print_metrics(metrics)
    terminal, page = capsys.readouterr().out, little_report(project)
    for stage in STAGES:
        for key in ("ents_p", "ents_r", "ents_f", "seen", "unseen"):
            assert percent(metrics[stage][key]) in terminal
            assert f">{percent(metrics[stage][key])}<" in page
    for gain in metrics["differences"].values():
        assert points(gain["ents_f"]) in terminal and points(gain["ents_f"]) in page
    performance = package._scores(metrics)["performance"]
    assert performance == {key: metrics["pipeline"][key] for key in performance}


def test_differences_have_a_sign():
    assert [points(d) for d in (0.051, -0.051, -0.0001, None)] == ["+5.1", "-5.1", "+0.0", "-"]


def test_labels_can_not_steer_the_terminal(tmp_path, capsys):
    label = "\x1b[31mRED\u202e"
    words = {stage: {label: ["iphone"], "B": ["pixel"]} for stage in STAGES}
    project = little_project(tmp_path, [("iphone pixel", [(0, 6, label), (7, 12, "B")])], words)
    capsys.readouterr()
    print_metrics(srsly.read_json(project["metrics"]))
    output = capsys.readouterr().out
    assert "[31mRED" in output and label not in output and "\u202e" not in output


@pytest.mark.slow
def test_many_texts(tmp_path):
    records = (RECORDS * 1000)[:5000]
    start = time.perf_counter()
    project = little_project(tmp_path, records)
    assert time.perf_counter() - start < 60
    assert srsly.read_json(project["metrics"])["test"]["texts"] == 5000
