"""What the report says to do next: plain rules over figures, here made up."""

import re
from typing import Any, Dict

import pytest
import srsly
from helpers.little import docs, little_project, little_report
from helpers.running import ROOT
from spacy.training import Example

from measuring.advice import what_next
from measuring.scores import mixed_errors

ERRORS = {"missed": 60, "spurious": 30, "wrong_boundary": 10, "wrong_label": 0}
GOLD, TRAIN = (f"annotate . --vars.annotate_for {use}" for use in ("gold", "train"))


def scores(**more) -> Dict[str, Any]:
    """RETURNS (dict): Scores that ask for nothing, but for what is given."""
    return {
        "measures": "accuracy",
        "test": {"texts": 300, "entities": {"X": 400}, "new": 100},
        "pipeline": {"ents_f_ci": [0.72, 0.8], "right": 300, "new": 0.7, "errors": ERRORS},
        "dev": {"errors": ERRORS, "mixed_errors": {}, "rules": {"a": {"found": 9, "right": 5}}},
        **more,
    }


def stats(with_entities: int = 900) -> Dict[str, Any]:
    rules = [
        {"id": "a", "pattern": "apple"},
        {"id": "b", "pattern": [{"LOWER": "orange"}]},
        {"id": "c", "pattern": [{"LOWER": "gap"}], "term": "Gap"},
    ]
    return {
        "train": {"texts": 1000, "without_entities": 1000 - with_entities},
        "rules": rules,
        "answers": {"given": 0, "recent": 0, "recent_yes": 0, "pay": True},
    }


def pipeline(**more) -> Dict[str, Any]:
    return {**scores()["pipeline"], **more}


def dev(**more) -> Dict[str, Any]:
    return {**scores()["dev"], **more}


CASES = {
    "nothing": (scores(), 900, ["check-data"], "No figure here points at one thing"),
    "gold": (
        scores(pipeline=pipeline(ents_f_ci=[0.6, 0.8])),
        900,
        [GOLD],
        "20 points wide: 200 more texts make it about 17.",
    ),
    "no gold": (scores(measures="agreement"), 900, [GOLD], "nobody knows how good"),
    "terms": (
        scores(pipeline=pipeline(new=0.3)),
        900,
        ["suggest", "review"],
        "100 entities in test have a form that neither the training texts nor a rule has, and "
        "the pipeline finds 30.0% of these",
    ),
    "texts": (
        scores(dev=dev(mixed_errors={"apple": 14, "pixel": 7})),
        900,
        [TRAIN],
        "21 of 100 errors in the dev texts are of forms that are an entity in one place and none in "
        "another: apple; pixel.",
    ),
    "rules": (
        scores(dev=dev(rules={"a": {"found": 9, "right": 5}, "b": {"found": 10, "right": 4}})),
        900,
        ["check-data"],
        "{LOWER: orange} (rule b) is right 4 of 10 times, a precision of 0.4",
    ),
    "terms that are wrong": (
        scores(dev=dev(rules={"c": {"found": 21, "right": 3}})),
        900,
        ["all"],
        "the term 'Gap' is right in 3 of 21 places. A term matches in any case",
    ),
    "few examples": (
        scores(),
        29,
        ["convert", "suggest", "review"],
        "Only 29 texts to train on have an entity, some 300 are wanted. Convert shows",
    ),
    "more examples": (
        scores(),
        30,
        ["suggest", "review"],
        "Only 30 texts to train on have an entity, some 300 are wanted. Each term",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_rule(case):
    metrics, n_examples, commands, why = CASES[case]
    [advice] = what_next(metrics, stats(n_examples))
    assert advice.commands == [f"python -m spacy project run {command}" for command in commands]
    assert why in advice.why


@pytest.mark.parametrize(
    "metrics",
    [
        # Too few to say anything of
        scores(test={**scores()["test"], "new": 4}, pipeline=pipeline(new=0.0)),
        scores(dev=dev(mixed_errors={"apple": 4})),
        scores(dev=dev(rules={"b": {"found": 4, "right": 0}})),
        scores(dev=dev(rules={"c": {"found": 2, "right": 0}})),
        scores(dev=dev(rules={"c": {"found": 20, "right": 10}})),
        # 200 more texts make it hardly narrower
        scores(pipeline=pipeline(ents_f_ci=[0.62, 0.78])),
        # That nothing is found is known well enough
        scores(pipeline=pipeline(ents_f_ci=[0, 0.27], right=0)),
        {key: value for key, value in scores().items() if key != "dev"},
    ],
)
def test_no_advice_without_evidence(metrics):
    assert [advice.commands[0].split()[-1] for advice in what_next(metrics, stats())] == [
        "check-data"
    ]


def test_no_terms_are_suggested_from_few_matches():
    low = scores(pipeline=pipeline(new=0.1))
    assert [advice.title for advice in what_next(low, stats(29))] == [
        "Write more rules, or add texts"
    ]
    assert [advice.title for advice in what_next(low, stats(100))] == [
        "Answer suggested terms, and write more rules"
    ]


def test_a_training_that_was_cut_short_is_to_be_longer():
    def rows(*found):
        return [{"step": 50 * i, "loss": 1.0, "f": f} for i, f in enumerate(found)]

    [advice] = what_next(scores(), stats(), rows(0, 0.5, 0.6))
    assert advice.commands == ["python -m spacy project run all . --vars.max_steps 200"]
    assert "best at the last step, 100" in advice.why
    by_chance, hardly = rows(0, 0.69, 0.7, 0.68, 0.71), rows(0, 0.69, 0.695, 0.7)
    for curve in (rows(0, 0.6, 0.5), rows(0, 0.6, 0.6), by_chance, hardly, rows(0.5), []):
        assert [advice.title for advice in what_next(scores(), stats(), curve)] == [
            "Look for mistakes in the data"
        ]


def test_what_costs_most_comes_first():
    bad = {"b": {"found": 30, "right": 2}}
    metrics = scores(
        dev=dev(mixed_errors={"apple": 40}, rules=bad),
        pipeline=pipeline(new=0.3, ents_f_ci=[0.6, 0.8]),
    )
    order = [advice.title for advice in what_next(metrics, stats())]
    assert order == [
        "Answer suggested terms",  # 70 of 100 errors
        "Annotate texts to learn from",  # 40
        "Mend rules that are mostly wrong",  # 28
        "Annotate more gold",
    ]
    # Where next to nothing is known, to know more comes first
    metrics["pipeline"]["ents_f_ci"] = [0.5, 0.8]
    assert what_next(metrics, stats())[0].title == "Annotate more gold"
    assert what_next(metrics, stats(28))[0].title == "Write more rules, or add texts"


def test_commands_are_those_of_the_project():
    project = srsly.read_yaml(ROOT / "project.yml")
    known = {command["name"] for command in project["commands"]} | {*project["workflows"]}
    named = {command.split()[0] for _, _, commands, _ in CASES.values() for command in commands}
    assert named - {"annotate"} <= known


def test_errors_on_forms_that_are_an_entity_and_not():
    gold = [
        ("An apple phone", [(3, 8, "X")]),
        ("An Apple pie", []),
        ("A pixel is lost", [(2, 7, "X")]),
        ("A kiwi", []),
    ]
    found = [
        ("An apple phone", []),  # missed; elsewhere it is none
        ("An Apple pie", [(3, 8, "X")]),  # spurious; elsewhere it is one
        ("A pixel is lost", []),  # missed, but always one
        ("A kiwi", [(2, 6, "X")]),  # spurious, but never one
    ]
    examples = [Example(*pair) for pair in zip(docs(found), docs(gold))]
    assert mixed_errors(examples) == {"apple": 2}
    assert mixed_errors([]) == {}


def test_the_report_shows_it(tmp_path):
    page = little_report(little_project(tmp_path))
    section = page.split('id="next"')[1].split("</section>")[0]
    titles = re.findall(r"<strong>(.+?)\.</strong>", section)
    assert titles[0] == "Answer suggested terms, and write more rules"
    assert "<code>python -m spacy project run suggest</code>" in section
    # Its log has the best score at its last step
    assert "Train longer" in titles
    assert "<code>python -m spacy project run all . --vars.max_steps 800</code>" in section


def test_few_yes_mean_texts_next():
    """In place of more terms, though the recall on new names is low."""
    counted = {**stats(), "answers": {"given": 90, "recent": 50, "recent_yes": 4, "pay": False}}
    found = what_next(scores(pipeline=pipeline(new=0.3)), counted)
    assert [advice.title for advice in found] == ["Annotate texts to learn from"]
    assert "You gave 90 answers to suggested terms; of the last 50 4 were yes" in found[0].why


def test_rules_that_annotated_texts_deny_are_named():
    """Together with what dev says of them, and also without gold."""
    counted = stats()
    counted["rules"][0].update(in_annotated=8, right_in_annotated=1)
    counted["rules"][1].update(in_annotated=9, right_in_annotated=2)
    counted["rules"][2].update(in_annotated=3, right_in_annotated=1)
    said = " ".join(advice.why for advice in what_next(scores(measures="agreement"), counted))
    assert "(rule b) is right 2 of 9 times" in said
    assert "the term 'Gap' is right in 1 of 3 places" in said
    assert "(rule a) is right 1 of 8 times" in said
    said = " ".join(advice.why for advice in what_next(scores(), counted))
    assert "(rule a) is right 6 of 17 times" in said
