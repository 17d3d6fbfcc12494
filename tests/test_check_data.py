"""check-data: a data set without a flaw, and the same with one flaw each."""

import random
import re
import shutil
from types import SimpleNamespace

import pytest
import srsly
from helpers.little import CHECKED, little_project, little_report
from helpers.running import ROOT, run, write_jsonl

import check_data
from checking.texts import near_duplicates
from measuring.page import fingerprint, update_section

NAMES = [
    a + b for a in ("zor", "mel", "tin", "kap", "lum") for b in ("ba", "do", "fix", "ga", "let")
]
WORDS = [
    a + b + c for a in "bdfgk" for b in ("a", "ei", "ou") for c in ("l", "ms", "nt", "rk", "sp")
]
OTHER_WORDS = [word[::-1] for word in WORDS]


def say(chance, number, words=WORDS):
    """RETURNS (str): Some words that mean nothing."""
    return " ".join(chance.choice(words) for _ in range(number))


def record(before, name, after, label="GADGET"):
    """RETURNS (dict): A gold record with one entity, or with none if the label is empty."""
    start = len(before) + 1
    span = {"start": start, "end": start + len(name), "label": label}
    return {"text": f"{before} {name} {after}", "spans": [span] if label else []}


def records(number, seed=0, names=NAMES, words=WORDS, share=0.7, size=7):
    """RETURNS (list): Gold records; so many have an entity."""
    chance = random.Random(seed)
    made = []
    for _ in range(number):
        before, after = say(chance, size, words), say(chance, size, words)
        has_entity = chance.random() < share
        name = chance.choice(names if has_entity else words)
        made.append(record(before, name, after, "GADGET" if has_entity else ""))
    return made


def good_data():
    return SimpleNamespace(
        texts=[{"text": made["text"]} for made in records(300, seed=1)],
        patterns=[{"label": "GADGET", "pattern": [{"LOWER": name}]} for name in NAMES],
        gold=records(320),
        suggestions=[],
        annotated=[],
    )


def files(data, folder):
    """RETURNS (list): The first arguments of the command."""
    return [write_jsonl(folder / f"{name}.jsonl", made) for name, made in vars(data).items()]


@pytest.fixture
def check(tmp_path, monkeypatch):
    """RETURNS (Callable): Checks data without `spacy debug data`, which takes seconds."""
    monkeypatch.setattr(check_data, "debug_data", lambda *args: (0, []))

    def do(data):
        found = check_data.check_data(*files(data, tmp_path), ROOT / "configs" / "ner.cfg")
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


def inside_a_word(data):
    data.gold.append({"text": "so zorba", "spans": [{"start": 4, "end": 8, "label": "GADGET"}]})


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


def odd_one(data):
    data.gold += [record(f"bal {i} dal", "zorba", f"fal {i}") for i in range(12)]
    data.gold.append(record("so far", "zorba", "kal", ""))


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


def test_names_that_the_context_tells_apart_are_fine(check):
    data = good_data()
    by_context(data)
    assert "context" not in check(data)


def test_a_tie_that_the_first_rule_wins_is_fine(check):
    data = good_data()
    tie(data)
    data.patterns[:2] = data.patterns[1::-1]
    assert "ties" not in check(data)


@pytest.mark.parametrize("name", ["(2)", "S10+", "[x]", "U.S."])
def test_signs_that_belong_to_a_name_are_fine(name, check):
    data = good_data()
    data.gold.append(record("see my", f"zorba {name}", "dal"))
    assert not {"punctuation", "sentences"} & set(check(data))


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


@pytest.mark.parametrize("is_good", [True, False])
def test_command(is_good, tmp_path):
    data = good_data()
    if not is_good:
        inside_a_word(data)
        odd_one(data)
        data.gold.append(record("see \x1b[2J", "zorba,", "dal " * 40))
    output, report = tmp_path / "check.json", tmp_path / "report.html"
    config, template = ROOT / "configs" / "ner.cfg", ROOT / "scripts" / "report.html"
    args = [*files(data, tmp_path), config, output, template, report]
    result = run(ROOT / "scripts" / "check_data.py", *args, cwd=tmp_path, check=False)
    assert result.returncode == (0 if is_good else 1), result.stderr
    checked = srsly.read_json(output)
    assert checked["counts"]["error"] == (0 if is_good else 1)
    assert checked["passed"] >= 5
    # spaCy wants 2,000 texts
    assert "to train a new pipeline (300)" in " ".join(result.stdout.split())
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "\x1b[2J" not in result.stdout
    assert ("gold.jsonl:321" in result.stdout) is not is_good
    assert not report.exists()


def test_broken_file_is_named(inputs):
    inputs.gold.write_text('{"text": "a"}\n{"text": 1}\n', encoding="utf8")
    paths = [inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions, inputs.suggestions]
    rest = [ROOT / "configs" / "ner.cfg", *(inputs.folder / name for name in "abc")]
    result = run(ROOT / "scripts" / "check_data.py", *paths, *rest, cwd=inputs.folder, check=False)
    assert result.returncode == 1
    assert "gold.jsonl, line 2" in " ".join(result.stdout.split())
    assert "Traceback" not in result.stderr


# --- In the report


def checked_project(folder):
    """RETURNS (Tuple[dict, dict]): The files of a little project, and findings of its data."""
    paths = little_project(folder)
    stats = srsly.read_json(paths["stats"])
    return paths, {**CHECKED, "fingerprint": fingerprint(stats, paths["test"])}


def test_report_without_and_with_a_check(tmp_path):
    paths, checked = checked_project(tmp_path)
    without = little_report(paths)
    assert "What the check of the data found" not in without
    srsly.write_json(paths["corpus"] / "data_check.json", checked)
    page = little_report(paths)
    assert "What the check of the data found" in page and "gold.jsonl:7" in page
    assert "<i>" not in page and "<b>" not in page and "\u202e" not in page
    assert "have changed since" not in page


def test_report_says_that_the_data_changed(tmp_path):
    paths, _ = checked_project(tmp_path)
    srsly.write_json(paths["corpus"] / "data_check.json", CHECKED)
    assert "have changed since" in little_report(paths)


def test_findings_are_put_into_a_report_as_report_would(tmp_path):
    paths, checked = checked_project(tmp_path)
    little_report(paths)
    before = paths["report"].read_text("utf8")
    update_section(paths["report"], ROOT / "scripts" / "report.html", checked)
    updated = paths["report"].read_text("utf8")
    srsly.write_json(paths["corpus"] / "data_check.json", checked)
    assert updated == little_report(paths) != before


@pytest.mark.slow
def test_in_the_project(finished, tmp_path):
    """After it `all` writes the report again, with the same content, and nothing else."""
    project = tmp_path / "copy"
    shutil.copytree(finished, project)
    page = project / "training" / "report.html"
    for _ in range(2):  # asked for on purpose, so it is never skipped
        result = run("-m", "spacy", "project", "run", "check-data", cwd=project)
        assert "Skipping" not in result.stdout and "0 errors" in result.stdout
    updated = page.read_text("utf8")
    assert "What the check of the data found" in updated and "have changed since" not in updated
    output = run("-m", "spacy", "project", "run", "all", cwd=project).stdout
    skipped = re.findall(r"Skipping '([\w-]+)': nothing changed", output)
    assert len(skipped) == 6 and "report" not in skipped
    assert page.read_text("utf8") == updated
