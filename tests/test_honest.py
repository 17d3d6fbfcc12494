"""A run says how good it is, or that nobody can know, and never looks better than it is."""

import re
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
import srsly
from helpers.little import Record, build_rules, docs, little_project
from helpers.running import LANG, ROOT, invoke, run, write_jsonl
from scipy.stats import binomtest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from check_package import check_package_cli, choose_example
from evaluate import evaluate_cli
from labelling.corpus import convert
from measuring.cautions import cautions
from measuring.evaluation import evaluate
from measuring.scores import STAGES, bootstrap_f, exact_bound, f_interval, interval
from measuring.verdict import ending, verdict
from package import package
from report import report_cli
from shared.writing import ATTRS

TEXTS = [f"My iphone or acme number {i}" if i % 3 else f"Nothing {i}" for i in range(60)]
IPHONE = {"GADGET": ["iphone"]}


def records(*pairs, number: int = 18, name: str = "Test") -> List[Record]:
    """RETURNS (List[Record]): Texts with one entity each, and as many without any."""
    result: List[Record] = []
    for i in range(number):
        label, word = pairs[i % len(pairs)]
        start = f"{name} {i} has "
        result.append((f"{start}{word} in it", [(len(start), len(start + word), label)]))
        result.append((f"{name} {i} has naught", []))
    return result


def measured(folder: Path, pairs, words: Dict[str, Any], **options) -> Dict[str, Any]:
    """RETURNS (dict): The files of a little project after the doors evaluate and report, and what
    they printed; with words of the rules alone, model and pipeline are the same."""
    words = words if "rules" in words else {stage: words for stage in STAGES}
    test = pairs if isinstance(pairs[0][1], list) else records(*pairs)
    paths: Dict[str, Any] = little_project(folder, test, words, **{"texts": TEXTS, **options})
    paths["dev"] = paths["corpus"] / "dev.spacy"
    dev = [(text.replace("Test", "Side"), spans) for text, spans in test]
    DocBin(ATTRS, docs=docs(dev)).to_disk(paths["dev"])
    stages = [part for stage in STAGES for part in (f"--{stage}", paths[stage])]
    files = [paths[name] for name in ("test", "stats", "metrics", "predictions")]
    paths["said"] = invoke(evaluate_cli, *files, *stages, "--dev", paths["dev"]).output
    paths["page"] = reported(paths)
    paths["scores"] = srsly.read_json(paths["metrics"])
    return paths


def reported(paths: Dict[str, Any], *options) -> str:
    """RETURNS (str): The page that the door report writes."""
    files = [paths[name] for name in ("test", "stats", "metrics", "predictions", "report")]
    named = {
        "--dev": paths["dev"],
        "--rules": paths["rules"],
        "--train": paths["corpus"] / "train",
        "--config": paths["rules"] / "config.cfg",
        "--log": paths["log"],
        "--data-check": paths["data_check"],
    }
    more = [part for pair in named.items() for part in pair]
    result = invoke(report_cli, *files, paths["corpus"] / "curve.json", *more, *options)
    assert result.exit_code == 0, result.output
    return paths["report"].read_text("utf8")


# --- Where nothing is found, or all is


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("nothing"), [("GADGET", "kindle")], IPHONE)


def test_nothing_found_is_said(nothing):
    assert "<h1>Nothing was found</h1>" in nothing["page"]
    assert "0 of 18 found: recall is below 15.3%" in nothing["page"]
    for said in ("No clear difference", "0.0 to 0.0", "0.0% is right"):
        assert said not in nothing["page"] and said not in nothing["said"]
    last = nothing["said"].strip().splitlines()[-2:]
    assert "✘ F1 0.0, 95% interval 0.0 to 26.6, 18 test entities" in last[0]
    assert last[1].startswith("Nothing was found: 0 of 18, so recall is below 15.3%")


@pytest.mark.slow
def test_nothing_found_rightly_is_said(tmp_path):
    paths = measured(tmp_path, [("GADGET", "kindle")], {"GADGET": ["iphone", "has"]})
    assert "<h1>Nothing was found rightly</h1>" in paths["page"]
    assert "Of what the pipeline finds 0.0% is right" in paths["page"]
    assert "✘ F1 0.0" in paths["said"] and "rightly: 0 of 18" in paths["said"]


@pytest.mark.slow
def test_all_found_is_no_certainty(tmp_path):
    words = {"rules": IPHONE, "model": {"GADGET": ["kindle"]}}
    words["pipeline"] = {"GADGET": ["iphone", "kindle"]}
    paths = measured(tmp_path, [("GADGET", "kindle"), ("GADGET", "iphone")], words)
    assert "18 of 18 found: recall is above 84.7%" in paths["page"]
    assert "✔ F1 100.0, 95% interval 91.7 to 100.0, 18 test entities" in paths["said"]
    assert "Clearly above the rules alone (F1 66.7)" in paths["said"]
    assert "100.0 to 100.0" not in paths["page"] and "100.0 to 100.0" not in paths["said"]


@pytest.mark.slow
def test_a_label_never_found_stands_under_the_headline(tmp_path):
    words = {"GADGET": ["iphone"], "BRAND": ["acme"], "PRICE": ["cent"]}
    pairs = [("GADGET", "iphone"), ("BRAND", "acme"), ("PRICE", "tenner")]
    paths = measured(tmp_path, pairs, words)
    head = paths["page"].split('id="scores"')[0]
    assert "PRICE: 0 of 6 found rightly, recall is below 39.3%." in head


@pytest.mark.parametrize("number", [1, 6, 18, 300])
def test_exact_bound_is_that_of_clopper_and_pearson(number):
    theirs = binomtest(0, number, alternative="less").proportion_ci(0.95, "exact").high
    assert exact_bound(number) == pytest.approx(theirs)
    if number > 20:
        assert exact_bound(number) == pytest.approx(3 / number, rel=0.02)  # the rule of three


def test_interval_is_exact_only_where_resampling_says_nothing():
    def bounds(*rows):
        counts = numpy.array(rows)
        return f_interval(counts, bootstrap_f(counts, 0)), interval(bootstrap_f(counts, 0))

    exact, resampled = bounds((0, 0, 1), (0, 2, 0))
    assert resampled == [0, 0] and exact == pytest.approx([0, 2 * 0.6316 / 1.6316], abs=1e-4)
    exact, resampled = bounds((1, 0, 0), (2, 0, 0))
    assert resampled == [1, 1] and exact == pytest.approx([2 * 0.3684 / 1.3684, 1], abs=1e-4)
    exact, resampled = bounds((1, 0, 0), (1, 1, 1))
    assert exact == resampled
    assert bounds((0, 0, 0), (0, 0, 0)) == (None, None)


# --- The last lines of a run


def made_up(low: float, high: float, apart: int = 30, **more) -> Dict[str, Any]:
    """RETURNS (dict): Scores of a pipeline whose F1 is above that of the rules by so much."""
    stage = {
        "ents_p": 0.8,
        "ents_r": 0.6,
        "ents_f": 0.69,
        "ents_f_ci": [0.6, 0.75],
        "ents_per_type": {"X": {"p": 0.8, "r": 0.6, "f": 0.69}},
        "found": 150,
        "right": 120,
        "new": 0.2,
    }
    test = {"texts": 300, "entities": {"X": 200}, "new": 50}
    gain = {"ents_f": (low + high) / 2, "ents_f_ci": [low, high], "apart": apart}
    return {
        "measures": "accuracy",
        "test": test,
        "rules": {**stage, "ents_f": 0.61},
        "pipeline": stage,
        "differences": {"pipeline-rules": gain},
        **more,
    }


def counted(**train) -> Dict[str, Any]:
    """RETURNS (dict): What convert counted, so far as the verdict reads it."""
    return {
        "train": {"texts": 3000, "without_entities": 2100, **train},
        "rules": [{"id": "a", "label": "X", "pattern": "x"}],
        "raw": {"texts": 3000, "with_match": 900},
        "gold": {"texts": 600, "with_match": 180},
        "annotated": {"texts": 0, "entities": {}},
    }


@pytest.mark.parametrize(
    "metrics, kind, why",
    [
        (made_up(0.01, 0.2), "good", "Clearly above the rules alone (F1 61.0)"),
        (made_up(-0.2, -0.01), "fail", "Clearly below the rules alone"),
        (made_up(-0.1, 0.1), "warn", "Not clearly above the rules alone"),
        (made_up(0.01, 0.2, apart=5), "warn", "so few as 5 entities may be chance"),
        (made_up(0.01, 0.2, measures="agreement"), "warn", "agreement with the rules"),
    ],
)
def test_only_a_pipeline_clearly_above_its_rules_ends_green(metrics, kind, why):
    found, score, reason = ending(metrics)
    assert found == kind and why in reason
    assert score == "F1 69.0, 95% interval 60.0 to 75.0, 200 test entities"


@pytest.mark.parametrize("test", [[], [("Nothing here", [])]])
def test_what_can_not_be_measured_ends_yellow(tmp_path, test):
    paths = little_project(tmp_path, test, texts=TEXTS)
    kind, score, _ = ending(srsly.read_json(paths["metrics"]))
    assert (kind, score) == ("warn", "F1 can't be measured, 0 test entities")


def test_what_matters_is_said_first():
    assert cautions(made_up(0.1, 0.2), counted()) == []
    few = {"texts": 30, "entities": {"X": 18}, "new": 5}
    said = cautions(made_up(0.1, 0.2, test=few), counted(without_entities=2972))
    assert said == [
        "Only 28 texts to train on have an entity, some 300 are wanted.",
        "18 entities in test: differences in recall below 33 points can't be seen.",
    ]


def test_gold_unlike_the_raw_texts_is_said():
    gold = {"texts": 600, "with_match": 300}
    [said] = cautions(made_up(0.1, 0.2), {**counted(), "gold": gold})
    assert said.startswith("Rules match in 50% of the gold texts, but in 30% of the raw ones")


@pytest.mark.slow
@pytest.mark.parametrize("word", ["kindle", "iphone"])
def test_check_package_ends_with_the_score(tmp_path, word):
    paths = measured(tmp_path / "little", [("GADGET", word)], IPHONE)
    meta = {"lang": LANG, "name": "little", "version": "0.1.0"}
    wheel = tmp_path / f"{LANG}_little-0.1.0"
    package(paths["pipeline"], paths["metrics"], wheel, meta)
    files = (wheel, paths["pipeline"], paths["test"], paths["report"], tmp_path / "check.json")
    figures = ("--metrics", paths["metrics"], "--stats", paths["stats"], "--log", paths["log"])
    said = invoke(check_package_cli, *files, *figures).output
    lines = said.strip().splitlines()
    if word == "kindle":
        assert "✔" not in said and "finds nothing in 36 texts" in said
        assert "Test" not in said
        assert "✘ F1 0.0, 95% interval 0.0 to 26.6, 18 test entities" in lines[-2]
    else:
        assert "finds the same 18 entities in 36 texts" in said
        assert f"has {word} in it').ents)" in said
        assert "⚠ F1 100.0, 95% interval 91.7 to 100.0, 18 test entities" in said
    assert said.index("some 300 are wanted") < said.index("F1 ")
    assert "Try --vars.max_steps 800." in said  # the log is best at its end


def test_the_text_to_try_is_short_and_has_an_entity_that_is_found():
    def named(text, *words):
        return text, [(text.index(word), text.index(word) + len(word), "X") for word in words]

    long = "My iphone and my ipad lie on the desk, " + "and so do many other things, " * 3
    gold = [
        named("Nothing at all"),
        named("An iphone"),
        named("My good old iphone fell from the sofa in the evening, again", "iphone"),
        named("My good old ipad and iphone fell from the sofa in the evening", "ipad", "iphone"),
        named(long, "iphone", "ipad"),
    ]
    found = [gold[0], named("An iphone", "iphone"), *gold[2:]]
    halves = [*found[:3], named(gold[3][0], "iphone"), gold[4]]
    assert choose_example(docs(found), docs(gold)) == gold[3][0]
    assert choose_example(docs(halves), docs(gold)) == gold[2][0]  # no error in it
    # One that is rightly found beside an error is better than a long one, and that better than none
    assert choose_example(docs(halves[3:]), docs(gold[3:])) == gold[3][0]
    assert choose_example(docs(found[4:]), docs(gold[4:])) == long
    assert choose_example(docs(found[:2]), docs(gold[:2])) == ""


# --- Nobody learns from test


def test_errors_are_those_of_dev(nothing):
    assert nothing["page"].count('class="example"') == 18
    assert "Side 7 has" in nothing["page"] and "Test 7 has" not in nothing["page"]
    assert "score says nothing about texts that somebody has learned from" in nothing["page"]
    assert sorted(path.name for path in (nothing["predictions"] / "dev").iterdir()) == [
        "pipeline.spacy",
        "rules.spacy",
    ]


def test_errors_of_test_on_demand(nothing):
    page = reported(nothing, "--errors-of", "test")
    assert "Test 7 has" in page and "Side 7 has" not in page
    assert "makes the next score too high" in page
    assert "Side 7 has" in reported(nothing)


def test_errors_of_nothing_else(nothing, tmp_path):
    other = ["a"] * 6
    result = invoke(
        report_cli, *other, "--dev", "a", "--rules", "a", "--train", "a", "--config", "a",
        "--log", "a", "--data-check", "a", "--errors-of", "train",
    )  # fmt: skip
    assert result.exit_code == 1 and "errors_of is 'train'" in result.flat


@pytest.mark.slow
def test_words_that_only_test_has(tmp_path):
    rules = [
        {"label": "X", "pattern": [{"LOWER": {"IN": ["iphone", "zephyr"]}}, {"IS_DIGIT": True}]},
        {"label": "X", "pattern": "Acme"},
    ]
    words = ["iphone 9", "zephyr 3", "pixel fold", "Acme"]
    paths = measured(tmp_path / "little", [("X", word) for word in words], {"X": ["iphone"]})
    files = {
        "texts": [{"text": f"An iphone {i}, no pixel, an Acme, one fold"} for i in range(20, 60)],
        "patterns": rules,
        "gold": [{"text": f"Gold {i}"} for i in range(9)],
        "suggestions": [{"text": "pixel fold", "label": "X", "answer": "accept"}],
    }
    made = [write_jsonl(tmp_path / f"{name}.jsonl", lines) for name, lines in files.items()]
    convert(*made, tmp_path / "corpus", paths["rules"], lang=LANG)
    paths["stats"] = tmp_path / "corpus" / "stats.json"
    pipelines = {stage: paths["rules"] for stage in STAGES}
    names = ("test", "stats", "metrics", "predictions")
    evaluate(*(paths[name] for name in names), pipelines, dev=paths["dev"])
    note = reported(paths).split('id="only-test"')[1].split("</details>")[0]
    assert "2 rules have words" in note and "which nothing here can tell" in note
    lines = re.findall(r"<li>(.+)</li>", note)
    assert "pattern <code>" in lines[0] and "zephyr 3" in lines[0] and "patterns:1" in lines[0]
    assert "accepted term <code>" in lines[1] and "pixel fold" in lines[1]
    assert "iphone 9" not in note and "acme" not in note


def test_an_accepted_term_that_is_mostly_wrong_is_named(tmp_path):
    files = {
        "texts": [{"text": f"An iphone {i} and a gap"} for i in range(60)],
        "patterns": [{"label": "X", "pattern": [{"LOWER": "iphone"}]}],
        "gold": [{"text": f"Gold {i}"} for i in range(9)],
        "suggestions": [{"text": "Gap", "label": "X", "answer": "accept"}],
    }
    made = [write_jsonl(tmp_path / f"{name}.jsonl", lines) for name, lines in files.items()]
    test = [*records(("X", "iphone"), number=6), *records(number=0)]
    paths = measured(tmp_path / "little", test, {"X": ["iphone"]})
    convert(*made, tmp_path / "corpus", paths["rules"], lang=LANG)
    paths["stats"] = tmp_path / "corpus" / "stats.json"
    dev = [*test, *(record for record in records(("X", "Gap"), number=1))]
    dev += [(f"Mind the gap {i}", []) for i in range(4)]
    DocBin(ATTRS, docs=docs(dev)).to_disk(paths["dev"])
    pipelines = {stage: paths["rules"] for stage in STAGES}
    names = ("test", "stats", "metrics", "predictions")
    evaluate(*(paths[name] for name in names), pipelines, dev=paths["dev"])
    advice = reported(paths).split('id="next"')[1].split("</section>")[0]
    assert (
        "In the texts that people marked the term &#39;Gap&#39; is right in 1 of 5 places."
        in advice
    )
    # Nothing of it is left in the pipeline
    assert "term" not in (paths["rules"] / "span_ruler" / "patterns").read_text("utf8")


# --- Learned from train, known to a rule only, known to neither


@pytest.mark.slow
def test_three_groups(tmp_path):
    words = {
        "rules": {"GADGET": ["iphone", "pixel"]},
        "model": {"GADGET": ["iphone", "kindle"]},
        "pipeline": {"GADGET": ["iphone", "pixel", "kindle"]},
    }
    pairs = [("GADGET", word) for word in ("iphone", "pixel", "kindle", "nook", "kobo", "palm")]
    paths = measured(tmp_path, pairs, words)
    test = paths["scores"]["test"]
    assert [test[key] for key in ("seen", "rule_only", "new", "unseen")] == [3, 3, 12, 15]
    recall = {
        stage: [paths["scores"][stage][key] for key in ("seen", "rule_only", "new", "unseen")]
        for stage in STAGES
    }
    assert recall["rules"] == [1, 1, 0, 3 / 15]
    assert recall["model"] == [1, 0, 3 / 12, 3 / 15]
    assert recall["pipeline"] == [1, 1, 3 / 12, 6 / 15]
    assert (
        "Of the 12 whose form neither the training texts nor a rule has, it finds 25.0%"
        in (paths["page"])
    )
    row = next(line for line in paths["said"].splitlines() if line.startswith("(entities)"))
    assert row.split() == ["(entities)", "3", "3", "12"]
    new = paths["page"].split("Forms in neither")[1].split("</section>")[0]
    assert "kindle" in new and "pixel" not in new and "iphone" not in new


@pytest.mark.slow
def test_a_longer_match_does_not_make_a_form_new(tmp_path):
    words = {"GADGET": ["iphone", "pixel", "pixel case"]}
    test = [("A pixel case", [(2, 7, "GADGET")])]
    assert measured(tmp_path, test, words)["scores"]["test"]["rule_only"] == 1


# --- Ids of rules in the package


def assembled(folder: Path, recognized: List[str], rules: List[dict]) -> Any:
    """RETURNS (Language): What configs/pipeline.cfg makes of rules and a stand-in for the recognizer."""
    empty = write_jsonl(folder / "empty.jsonl", [])
    patterns = write_jsonl(folder / "patterns.jsonl", rules)
    build_rules("en", patterns, empty).to_disk(folder / "rules")
    model = spacy.blank("en")
    # Like the recognizer it takes nothing over and leaves no id
    settings = {"spans_key": None, "annotate_ents": True, "overwrite": True}
    model.add_pipe("span_ruler", "ner", config=settings).add_patterns(
        [{"label": "X", "pattern": words} for words in recognized]
    )
    model.to_disk(folder / "model")
    sources = ["--paths.model", folder / "model", "--paths.rules", folder / "rules"]
    config = ROOT / "configs" / "pipeline.cfg"
    run("-m", "spacy", "assemble", config, folder / "pipeline", *sources, cwd=folder)
    return spacy.load(folder / "pipeline")


def test_an_entity_has_the_id_of_the_rule_that_matches_it(tmp_path):
    rules = [
        {"label": "X", "pattern": [{"LOWER": "iphone"}, {"IS_DIGIT": True}], "id": "phones"},
        {"label": "X", "pattern": "Kindle Fire", "id": "kindle"},
        {"label": "X", "pattern": "Fire TV stick", "id": "tv"},
    ]
    recognized = ["iphone 8 pro", "iPhone 9", "big iphone 7", "Kindle", "nook", "Kindle Fire TV"]
    nlp = assembled(tmp_path, recognized, rules)
    expected = {
        "an iphone 8 pro": [("iphone 8 pro", "")],  # goes on beyond the match
        "an iPhone 9": [("iPhone 9", "phones")],  # both find it
        "a big iphone 7": [("big iphone 7", "")],  # begins before the match
        "an iphone 4": [("iphone 4", "phones")],  # the rule alone
        "a Kindle Fire": [("Kindle Fire", "kindle")],  # the rule's is longer
        "a nook or Kindle": [("nook", ""), ("Kindle", "")],  # the recognizer alone
        "a Kindle Fire TV stick": [("Kindle Fire TV", "")],  # equally long, starts first
    }
    for text, found in expected.items():
        assert [(ent.text, ent.ent_id_) for ent in nlp(text).ents] == found
    # The parts that are there for ids change no entity
    with nlp.select_pipes(enable=["ner", "span_ruler"]):
        assert all(
            [ent.text for ent in nlp(text).ents] == [text for text, _ in found]
            for text, found in expected.items()
        )


@pytest.mark.slow
def test_ids_in_a_trained_pipeline(finished):
    nlp, rules = (spacy.load(finished / "training" / name) for name in ("pipeline", "rules"))
    read = DocBin().from_disk
    texts = [
        doc.text
        for side in ("dev", "test")
        for doc in read(finished / "corpus" / f"{side}.spacy").get_docs(Vocab())
    ]
    [(_, ruler)] = rules.pipeline
    docs = list(nlp.pipe(texts))
    with nlp.select_pipes(enable=[*{"tok2vec", "ner", "span_ruler"} & set(nlp.pipe_names)]):
        plain = list(nlp.pipe(texts))
    n_ids = 0
    for doc, other in zip(docs, plain):
        matched: Dict[Any, set] = {}
        for span in ruler.match(rules.make_doc(doc.text)):
            matched.setdefault((span.start, span.end, span.label_), set()).add(span.id_)
        keys, plain_keys = ([(e.start, e.end, e.label_) for e in d.ents] for d in (doc, other))
        assert keys == plain_keys
        for ent, key in zip(doc.ents, keys):
            assert ent.ent_id_ in matched.get(key, {""})
            n_ids += bool(ent.ent_id_)
    assert n_ids > 10


def test_the_verdict_names_what_the_model_adds():
    headline, sentences = verdict(made_up(0.01, 0.2))
    assert headline == "The pipeline is better than the rules alone"
    assert any("it finds 20.0%: that is what the model adds" in sentence for sentence in sentences)
