"""Several labels: which one wins where matches overlap, and a whole run with three."""

import random
import re
from itertools import product

import pytest
import spacy
import srsly
from helpers.converting import run_cli
from helpers.little import build_rules
from helpers.running import LANG, ROOT, copy, run, write_jsonl
from helpers.three_labels import OVERLAPS, make_files

LABELS = ["BRAND", "GADGET", "PRICE"]


def found(nlp, text):
    return [(ent.text, ent.label_) for ent in nlp(text).ents]


@pytest.fixture
def rules(tmp_path):
    """RETURNS (Callable): Builds rules from patterns and accepted suggestions."""

    def build(patterns, accepted=()):
        suggestions = [{"text": t, "label": label, "answer": "accept"} for t, label in accepted]
        paths = [tmp_path / "patterns.jsonl", tmp_path / "suggestions.jsonl"]
        return build_rules(
            LANG, write_jsonl(paths[0], patterns), write_jsonl(paths[1], suggestions)
        )

    return build


@pytest.mark.parametrize("text, wanted", OVERLAPS)
def test_overlaps(text, wanted, tmp_path):
    paths = make_files(tmp_path)
    assert found(build_rules(LANG, paths.patterns, paths.suggestions), text) == wanted


# Of these two labels one has the smaller hash, by which spaCy would decide
PAIRS = [("BRAND", "GADGET"), ("GADGET", "BRAND")]


LOWER, ORTH = [{"LOWER": "nova"}, {"LOWER": "x"}], [{"ORTH": "Nova"}, {"ORTH": "X"}]


GENERAL = [{"LOWER": {"IN": ["nova", "vega"]}}, {"IS_ALPHA": True}]
# The patterns of two rules, a text, and the number of the rule that gets it
TIES = [
    (LOWER, LOWER, "nova x", 0),
    (LOWER, ORTH, "Nova X", 0),
    (ORTH, LOWER, "Nova X", 0),
    (ORTH, LOWER, "nova X", 1),
    (ORTH, LOWER, "Nova x", 1),
    (ORTH, "Nova X", "Nova X", 0),
    ("Nova X", ORTH, "Nova X", 0),
    ("Nova X", LOWER, "NOVA X", 1),
    ("Nova X", LOWER, "Nova X", 0),
    (GENERAL, LOWER, "Nova x", 0),
    (GENERAL, ORTH, "Nova X", 0),
    (GENERAL, "Nova X", "Nova X", 0),
]


@pytest.mark.parametrize("labels", PAIRS)
@pytest.mark.parametrize("first, second, text, wins", TIES)
def test_of_the_same_words_the_first_rule_wins(first, second, text, wins, labels, rules):
    nlp = rules([{"label": label, "pattern": p} for label, p in zip(labels, (first, second))])
    assert found(nlp, f"a {text} here") == [(text, labels[wins])]
    ids = [ent.ent_id_ for ent in nlp(text).ents]
    assert ids == [f"patterns:{wins + 1}"]


@pytest.mark.parametrize("labels", PAIRS)
def test_several_spellings_of_earlier_rules(labels, rules):
    first, second = labels
    spelled = ["Nova X", "NOVA X", "nova x"]
    nlp = rules(
        [{"label": first, "pattern": text} for text in spelled]
        + [{"label": second, "pattern": LOWER}]
    )
    for text in [*spelled, "Nova x", "nOVA x", "NOVA x", "nova X"]:
        assert found(nlp, text) == [(text, first if text in spelled else second)]


def matches(pattern, text):
    if isinstance(pattern, str):
        return pattern == text
    [attr] = {attr for token in pattern for attr in token}
    words = " ".join(token[attr] for token in pattern)
    return words == (text.lower() if attr == "LOWER" else text)


@pytest.mark.parametrize("seed", range(5))
def test_any_rules_of_words(seed, rules):
    """Random rules against a comparison of strings."""
    chance = random.Random(seed)
    patterns = []
    for _ in range(12):
        words = [
            chance.choice(["ab", "Ab", "AB", "cd", "CD"]) for _ in range(chance.choice([1, 2]))
        ]
        attr = chance.choice(["LOWER", "ORTH", "STRING"])
        if attr == "STRING":
            pattern = " ".join(words)
        else:
            pattern = [{attr: word.lower() if attr == "LOWER" else word} for word in words]
        patterns.append({"label": chance.choice(["A", "B", "C", "D"]), "pattern": pattern})
    nlp = rules(patterns)
    for size in (1, 2):
        for words in product(["ab", "Ab", "AB", "aB", "cd", "CD", "Cd"], repeat=size):
            text = " ".join(words)
            wanted = [rule["label"] for rule in patterns if matches(rule["pattern"], text)]
            got = [ent.label_ for ent in nlp(text).ents if ent.text == text]
            assert got == wanted[:1], (text, patterns)


@pytest.mark.parametrize("labels", PAIRS)
def test_accepted_suggestions_come_after_patterns(labels, rules):
    first, second = labels
    other = {"label": second, "pattern": "Vega"}
    nlp = rules([{"label": first, "pattern": LOWER}, other], [("NOVA x", second), ("Lyra", first)])
    assert found(nlp, "Nova X") == [("Nova X", first)]
    assert found(nlp, "lyra") == [("lyra", first)]
    nlp = rules([{"label": first, "pattern": "Altair"}, other], [("Lyra", first), ("lyra", second)])
    assert found(nlp, "Lyra") == [("Lyra", first)]


@pytest.mark.parametrize("labels", PAIRS)
def test_the_same_label_is_no_tie(labels, rules):
    first, second = labels
    patterns = [(first, LOWER), (first, "Nova X"), (second, "Vega"), (first, GENERAL)]
    nlp = rules([{"label": label, "pattern": pattern} for label, pattern in patterns])
    assert len(nlp.get_pipe("span_ruler").patterns) == 4


def test_convert_names_rules_that_tie(inputs):
    patterns = [
        ("BRAND", "Nova"),
        ("GADGET", [{"ORTH": "Nova"}]),
        ("GADGET", [{"LOWER": "iphone"}]),
    ]
    patterns += [("BRAND", [{"SHAPE": "xXxxxx"}]), ("GADGET", [{"SHAPE": "Xxxx"}])]
    records = [{"label": label, "pattern": pattern} for label, pattern in patterns]
    write_jsonl(inputs.patterns, records)
    output = run_cli(inputs).output
    assert "patterns:2 (GADGET) after patterns:1 (BRAND)" in output
    # What spaCy does with these follows from the labels alone
    assert "patterns:1 (BRAND) loses to patterns:5 (GADGET)" in output


def test_model_and_rules_with_different_labels(rules):
    """In the assembled pipeline: the longest span; of the same words the model's label."""
    config = (ROOT / "configs" / "pipeline.cfg").read_text("utf8")
    assert '"ner", "attribute_ruler", "span_ruler"]' in config
    nlp = spacy.blank(LANG)
    # It stands for the model
    found_before = [{"label": "MODEL", "pattern": text} for text in ("Nova", "Vega", "Altair Pro")]
    nlp.add_pipe("entity_ruler").add_patterns(found_before)
    by_rules = rules([{"label": "RULE", "pattern": text} for text in ("Nova", "Vega 3", "Altair")])
    nlp.add_pipe("span_ruler", source=by_rules)
    assert found(nlp, "Nova Vega 3 Altair Pro") == [
        ("Nova", "MODEL"),
        ("Vega 3", "RULE"),
        ("Altair Pro", "MODEL"),
    ]


@pytest.mark.slow
def test_three_labels_from_texts_to_package(small_clone, tmp_path):
    project = copy(small_clone, tmp_path)
    paths = make_files(project / "assets")
    options = [f"--vars.{name}=assets/{path.name}" for name, path in vars(paths).items()]
    options += ["--vars.name=three_ner", "--vars.max_steps=80"]
    run("-m", "spacy", "project", "run", "all", ".", *options, cwd=project)

    metrics = srsly.read_json(project / "training" / "metrics.json")
    for stage in ("rules", "model", "pipeline"):
        scores = metrics[stage]["ents_per_type"]
        assert sorted(scores) == LABELS
        assert all(scores[label]["f"] > 0.3 for label in LABELS), (stage, scores)
    assert sorted(metrics["test"]["entities"]) == LABELS
    report = (project / "training" / "report.html").read_text("utf8")
    table = report.split("Label (pipeline)")[1].split("</table>")[0]
    assert re.findall(r"<bdi>(\w+)</bdi>", table) == LABELS
    meta = srsly.read_json(project / "packages" / "en_three_ner-0.1.0" / "meta.json")
    assert sorted(meta["labels"]["ner"]) == LABELS
    assert sorted(meta["performance"]["ents_per_type"]) == LABELS
    # check-package has compared the package with the pipeline
    assert (project / "training" / "package_check.json").exists()
    nlp = spacy.load(project / "training" / "rules")
    for text, wanted in OVERLAPS:
        assert found(nlp, text) == wanted

    run("-m", "spacy", "project", "run", "suggest", ".", *options, cwd=project)
    suggested = list(srsly.read_jsonl(paths.suggestions))
    # The rules for PRICE ask for numbers, and no term is like a number
    assert {record["label"] for record in suggested} == {"BRAND", "GADGET"}
    terms = {(record["text"], record["label"]) for record in suggested}
    assert {("Vexo", "BRAND"), ("Ostra", "BRAND")} <= terms
