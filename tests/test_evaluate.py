"""evaluate: the bar that fails it, and what it prints."""

import pytest
import srsly
from helpers.little import little_project, little_report

import package
from evaluate import evaluate_cli, print_metrics
from measuring.scores import STAGES, percent, points


def _evaluate(little, tmp_path, min_f):
    stages = {stage: little[stage] for stage in STAGES}
    files = [tmp_path / name for name in ("metrics.json", "predictions")]
    evaluate_cli(little["test"], little["stats"], *files, **stages, dev=None, seed=0, min_f=min_f)


def test_min_f(little, tmp_path, capsys):
    _evaluate(little, tmp_path, 0.4)
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        _evaluate(little, tmp_path, 0.41)
    assert stopped.value.code == 1
    assert "The pipeline's F1 is 0.4000, the least allowed is 0.41" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        _evaluate(little, tmp_path, 40)
    assert "between 0 and 1" in capsys.readouterr().out


def test_min_f_fails_where_nothing_can_be_measured(tmp_path, capsys):
    project = little_project(tmp_path / "little", records=[])
    with pytest.raises(SystemExit) as stopped:
        _evaluate(project, tmp_path, 0.1)
    assert stopped.value.code == 1
    assert "can't be measured" in capsys.readouterr().out


def test_the_same_figures_everywhere(little, capsys):
    metrics = srsly.read_json(little["metrics"])
    print_metrics(metrics)
    terminal, page = capsys.readouterr().out, little_report(little)
    for stage in STAGES:
        for key in ("ents_p", "ents_r", "ents_f", "seen", "unseen"):
            assert percent(metrics[stage][key]) in terminal
            assert f">{percent(metrics[stage][key])}<" in page
    for gain in metrics["differences"].values():
        assert points(gain["ents_f"]) in terminal and points(gain["ents_f"]) in page
    performance = package._scores(metrics)["performance"]
    assert performance == {key: metrics["pipeline"][key] for key in performance}


def test_labels_can_not_steer_the_terminal(tmp_path, capsys):
    label = "\x1b[31mRED\u202e"
    words = {stage: {label: ["iphone"], "B": ["pixel"]} for stage in STAGES}
    project = little_project(tmp_path, [("iphone pixel", [(0, 6, label), (7, 12, "B")])], words)
    capsys.readouterr()
    print_metrics(srsly.read_json(project["metrics"]))
    output = capsys.readouterr().out
    assert "[31mRED" in output and label not in output and "\u202e" not in output
