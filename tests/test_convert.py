"""convert: what it labels and counts, how it splits, and how bad input is refused."""

import gzip
import json
import random

import pytest
import srsly
from helpers.converting import made, read_docs, run_cli, run_convert, texts_of
from helpers.running import COURSE_PATTERNS, COURSE_TEXTS, door, run, write_jsonl

from reading import texts as texts_module
from reading.splits import gold_side, text_hash
from reading.texts import read_texts

# --- What is labelled


def test_course_example(inputs):
    """The six texts and two rules of spaCy's course are labelled exactly as the course shows."""
    write_jsonl(inputs.texts, [{"text": text} for text in COURSE_TEXTS])
    write_jsonl(
        inputs.gold,
        [{"text": f"My iPhone {n} and I", "spans": []} for n in range(30)],
    )
    run_convert(inputs, lang="en")
    found = {doc.text: [ent.text for ent in doc.ents] for doc in read_docs(inputs.corpus / "train")}
    assert found == dict(
        zip(
            COURSE_TEXTS,
            [
                ["iPhone X"],
                ["iPhone X"],
                ["iPhone X"],
                ["iPhone 8"],
                ["iPhone 11", "iPhone 8"],
                [],
            ],
        )
    )
    labels = {ent.label_ for doc in read_docs(inputs.corpus / "train") for ent in doc.ents}
    assert labels == {"GADGET"}


def test_counts(inputs):
    texts = ["iPhone X and iPhone X", "iphone 8", "nothing here", "  ", "IPHONE  8", "gold one"]
    write_jsonl(inputs.texts, [{"text": text} for text in texts])
    write_jsonl(inputs.gold, [{"text": "Gold ONE"}, *({"text": f"gold {n}"} for n in range(30))])
    write_jsonl(
        inputs.patterns, [*COURSE_PATTERNS, {"label": "GADGET", "pattern": "Zorb", "id": "unused"}]
    )
    stats = run_convert(inputs)
    assert stats == srsly.read_json(inputs.corpus / "stats.json")
    assert stats["texts"] == 6
    assert stats["dropped"] == {
        "empty": 1,
        "duplicate": 1,
        "in_gold": 1,
        "annotated": 0,
        "surplus": 0,
    }
    assert stats["train"]["texts"] == 3
    assert stats["train"]["without_entities"] == 1
    assert stats["train"]["tokens"] == 5 + 2 + 2
    assert stats["train"]["entities"] == {"GADGET": 3}
    assert stats["train"]["forms"] == {"GADGET": {"iphone x": 2, "iphone 8": 1}}
    counts = {rule["id"]: (rule["matches"], rule["entities"]) for rule in stats["rules"]}
    assert counts == {"patterns:1": (2, 2), "patterns:2": (1, 1), "unused": (0, 0)}


def test_two_rules_that_match_the_same_are_both_counted(inputs):
    write_jsonl(inputs.patterns, [COURSE_PATTERNS[0], COURSE_PATTERNS[0], COURSE_PATTERNS[1]])
    stats = run_convert(inputs)
    matches = [rule["matches"] for rule in stats["rules"]]
    assert matches[0] == matches[1] > 0


def test_summary(inputs):
    write_jsonl(
        inputs.patterns, [*COURSE_PATTERNS, {"label": "RARE", "pattern": "Zorb", "id": "zz"}]
    )
    output = run_cli(inputs).output
    assert "Texts read               120" in output
    assert "1 rule(s) never match in train" in output and 'zz  "Zorb"' in output
    assert "to train on" in output  # too few examples
    assert "No entity RARE in train" in output
    assert "agreement with the rules" in output
    assert max(map(len, output.splitlines())) <= 80


def test_rules_that_the_table_does_not_show_are_counted(inputs):
    more = [
        {"label": "GADGET", "pattern": f"{word} ({n})"} for n in range(20) for word in ("here",)
    ]
    write_jsonl(inputs.patterns, [*COURSE_PATTERNS, *more])
    said = run_cli(inputs).flat
    stats = srsly.read_json(inputs.corpus / "stats.json")
    n_used = sum(bool(rule["matches"]) for rule in stats["rules"])
    assert n_used > 15
    place = inputs.corpus / "stats.json"
    assert f"These 15 rules find most, {n_used - 15} more match: all are in {place}" in said


def test_says_that_the_training_texts_stayed(inputs):
    """Else nobody understands why train is skipped after a rule was changed."""
    same = "The training texts are the same as before"
    assert same not in run_cli(inputs).flat
    assert same in run_cli(inputs).flat
    write_jsonl(inputs.patterns, [*COURSE_PATTERNS, {"label": "GADGET", "pattern": "Zorb"}])
    assert same in run_cli(inputs).flat
    write_jsonl(inputs.patterns, COURSE_PATTERNS[:1])
    assert same not in run_cli(inputs).flat


def test_answers_and_annotated_texts_may_be_missing(inputs):
    inputs.suggestions.unlink()
    annotated = inputs.folder / "none" / "annotated.jsonl"
    done = run_cli(inputs, "--annotated", annotated)
    assert done.exit_code == 0
    for path in (inputs.suggestions, annotated):
        assert f"{path} was missing. An empty file is there now." in done.flat
        assert path.read_bytes() == b""
    assert "missing" not in run_cli(inputs, "--annotated", annotated).output


# --- How it is split


def test_without_gold_dev_and_test_are_held_out_texts(inputs):
    run_convert(inputs)
    sides = [texts_of(inputs.corpus / name) for name in ("train", "dev.spacy", "test.spacy")]
    assert all(sides)
    together = [text for side in sides for text in side]
    assert sorted(together) == sorted(text for _, text in read_texts(inputs.texts))
    assert len(set(map(text_hash, together))) == len(together)


def test_split_stays_when_texts_are_added(inputs):
    run_convert(inputs)
    before = {
        name: set(texts_of(inputs.corpus / name)) for name in ("train", "dev.spacy", "test.spacy")
    }
    texts = [text for _, text in read_texts(inputs.texts)]
    more = [*(f"More of the iPhone {n}" for n in range(50)), *texts]
    random.Random(0).shuffle(more)
    write_jsonl(inputs.texts, [{"text": text} for text in more])
    run_convert(inputs)
    for name, old in before.items():
        assert old <= set(texts_of(inputs.corpus / name))


def test_gold_is_dev_and_test_and_never_train(inputs):
    texts = [text for _, text in read_texts(inputs.texts)]
    gold = [text.upper() + " " for text in texts[:40]]
    write_jsonl(inputs.gold, [{"text": text, "spans": []} for text in gold])
    stats = run_convert(inputs)
    assert stats["dropped"]["in_gold"] == 40
    assert sorted(texts_of(inputs.corpus / "train")) == sorted(texts[40:])
    dev, test = (texts_of(inputs.corpus / f"{side}.spacy") for side in ("dev", "test"))
    assert sorted(dev + test) == sorted(gold)
    assert all(gold_side(text) == "dev" for text in dev)
    assert all(gold_side(text) == "test" for text in test)


def test_only_accepted_gold_counts(inputs):
    answers = ("accept", "reject", "ignore")
    write_jsonl(
        inputs.gold,
        [{"text": f"text {n}", "spans": [], "answer": answers[n % 3]} for n in range(60)],
    )
    assert run_convert(inputs)["gold"]["texts"] == 20


# --- What is refused


def spoil(name, content):
    """Write content (str, bytes or records) to one of the inputs."""

    def do(inputs):
        path = getattr(inputs, name)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf8")
        else:
            write_jsonl(path, content)

    return do


def rename(name, new_name, content=None):
    def do(inputs):
        path = getattr(inputs, name).with_name(new_name)
        path.write_bytes(content if content is not None else getattr(inputs, name).read_bytes())
        setattr(inputs, name, path)

    return do


def missing(name):
    return lambda inputs: getattr(inputs, name).unlink()


def pattern(value, **more):
    return spoil("patterns", [*COURSE_PATTERNS, {"label": "GADGET", "pattern": value, **more}])


def gold(*spans, text="My iPhone 8 and an iPad"):
    records = [{"text": f"iPhone {n}"} for n in range(30)]
    return spoil("gold", [*records, {"text": text, "spans": list(spans)}])


def blocked(inputs):
    """A file where the output folder should be: works for root, too, unlike permissions."""
    inputs.corpus.write_text("in the way", encoding="utf8")


GOOD = json.dumps({"text": "iPhone X"}) + "\n"
GZIP = gzip.compress(GOOD.encode() * 1000)
BAD_INPUT = {
    "no texts file": (missing("texts"), "texts.jsonl", "does not exist"),
    "no patterns file": (missing("patterns"), "patterns.jsonl", "does not exist"),
    "no gold file": (missing("gold"), "gold.jsonl", "does not exist"),
    "empty texts": (spoil("texts", ""), "texts.jsonl", "No texts"),
    "empty patterns": (spoil("patterns", "\n"), "patterns.jsonl", "No patterns"),
    "broken json": (spoil("texts", GOOD + "{oops\n"), "texts.jsonl, line 2", "Broken JSON"),
    "half a json line": (spoil("texts", GOOD + '{"text": "a'), "texts.jsonl, line 2", "JSON"),
    "not an object": (spoil("texts", GOOD + "[1]\n"), "texts.jsonl, line 2", "JSON object"),
    "deep json": (spoil("texts", "[" * 100_000), "texts.jsonl, line 1", "Broken JSON"),
    "no text": (
        spoil("texts", GOOD + '{"txt": "a"}\n'),
        "texts.jsonl, line 2",
        "'text' is missing",
    ),
    "text no string": (spoil("texts", GOOD + '{"text": 5}\n'), "texts.jsonl, line 2", "no string"),
    "latin-1": (spoil("texts", GOOD.encode() + "é\n".encode("latin-1")), "line 2", "Not UTF-8"),
    "utf-16": (spoil("texts", GOOD.encode("utf-16")), "line 1", "Not UTF-8"),
    "too long": (spoil("texts", json.dumps({"text": "x" * 1_000_001})), "line 1", "split it"),
    "gzip cut off": (rename("texts", "t.jsonl.gz", GZIP[:-9]), "t.jsonl.gz", "ends early"),
    "no gzip": (rename("texts", "t.jsonl.gz", b"plain"), "t.jsonl.gz, line 1", "gzip"),
    "csv without text": (rename("texts", "t.csv", b"a,b\n1,2\n"), "t.csv, line 1", "'text'"),
    "csv short row": (rename("texts", "t.csv", b"a,text\n1,x\n2\n"), "t.csv, line 3", "short"),
    "csv bad quotes": (rename("texts", "t.csv", b'text\n"a"b\n'), "t.csv, line 2", "double quotes"),
    "unknown type": (rename("texts", "t.docx"), "t.docx", ".jsonl, .txt, .csv, .tsv"),
    "no label": (spoil("patterns", '{"pattern": "x"}\n'), "patterns.jsonl, line 1", "'label'"),
    "blank label": (spoil("patterns", '{"label": " ", "pattern": "x"}'), "line 1", "empty label"),
    "no pattern": (spoil("patterns", '{"label": "A"}\n'), "patterns.jsonl, line 1", "'pattern'"),
    "unknown attribute": (pattern([{"LOWR": "x"}]), "patterns.jsonl, line 3", "LOWR"),
    "unknown operator": (pattern([{"LOWER": "x", "OP": "%"}]), "patterns.jsonl, line 3", "OP"),
    "needs a tagger": (pattern([{"POS": "NOUN"}]), "patterns.jsonl, line 3", "tagger"),
    "no tokens": (pattern([]), "patterns.jsonl, line 3", "empty"),
    "empty phrase": (pattern(""), "patterns.jsonl, line 3", "empty"),
    "broken regex": (pattern([{"TEXT": {"REGEX": "("}}]), "patterns.jsonl, line 3", "unterminated"),
    "id twice": (
        spoil("patterns", [{**rule, "id": "a"} for rule in COURSE_PATTERNS]),
        "patterns.jsonl, line 2",
        "'a' is used before, on line 1",
    ),
    "nothing matches": (
        spoil("patterns", [{"label": "A", "pattern": "zorb"}]),
        "patterns.jsonl",
        "No pattern matches",
    ),
    "span out of range": (
        gold({"start": 3, "end": 99, "label": "GADGET"}),
        "line 31, characters 3 to 99",
        "out of range",
    ),
    "span backwards": (
        gold({"start": 9, "end": 3, "label": "GADGET"}),
        "line 31, characters 9 to 3",
        "out of range",
    ),
    "negative span": (
        gold({"start": -3, "end": 3, "label": "GADGET"}),
        "line 31, characters -3 to 3",
        "out of range",
    ),
    "spans overlap": (
        gold({"start": 3, "end": 9, "label": "GADGET"}, {"start": 3, "end": 11, "label": "GADGET"}),
        "line 31, characters 3 to 11: 'iPhone 8'",
        "overlaps 'iPhone'",
    ),
    "span without label": (gold({"start": 3, "end": 11}), "'iPhone 8'", "has no label"),
    "inside a token": (
        gold({"start": 4, "end": 11, "label": "GADGET"}),
        "line 31, characters 4 to 11: 'Phone 8'",
        "not on token boundaries, the tokens are ['iPhone', '8']",
    ),
    "offsets no numbers": (
        gold({"start": "3", "end": 5, "label": "A"}),
        "line 31",
        "whole numbers",
    ),
    "spans no list": (spoil("gold", '{"text": "a", "spans": 5}'), "gold.jsonl, line 1", "no"),
    "broken suggestions": (
        spoil("suggestions", '{"text": "a'),
        "suggestions.jsonl, line 1",
        "JSON",
    ),
    "unknown answer": (
        spoil("suggestions", [{"text": "a", "label": "A", "answer": "yes"}]),
        "suggestions.jsonl, line 1",
        "'yes'",
    ),
    "too few texts": (spoil("texts", GOOD), "texts.jsonl", "Too few texts"),
    "gold too small": (spoil("gold", [{"text": "one"}]), "texts.jsonl", "Too few texts"),
    "output blocked": (blocked, "corpus", "may write"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input(inputs, case):
    break_it, place, what = BAD_INPUT[case]
    break_it(inputs)
    result = run_cli(inputs)
    assert result.exit_code == 1, result.output
    assert place in result.flat and what in result.flat, result.output
    left = [path for path in (inputs.corpus, inputs.rules) if path.exists() and path.is_dir()]
    assert not [file for path in left for file in path.rglob("*")]
    assert not list(inputs.folder.glob(".*"))


@pytest.mark.slow
def test_errors_that_another_process_meets_name_the_line(inputs, monkeypatch):
    monkeypatch.setattr(texts_module, "BLOCK_SIZE", 900)
    lines = inputs.texts.read_text(encoding="utf8")
    for name, bad in (("t.jsonl", "{oops\n"), ("t.txt", "x" * 1_000_001 + "\n")):
        rename("texts", name, (lines + bad + lines).encode())(inputs)
        result = run_cli(inputs, "--n-process", "2")
        assert result.exit_code == 1 and f"{name}, line 121:" in result.flat


def test_messages_cannot_steer_the_terminal(inputs):
    label = "A\x1b[31m"
    rules = [
        {"label": label, "pattern": "iPhone"},
        {"label": label, "pattern": "zorb", "id": "\x1b"},
    ]
    write_jsonl(inputs.patterns, rules)
    result = run_cli(inputs)
    assert result.exit_code == 0 and "\x1b[31m" not in result.output
    assert "A\ufffd[31m" in result.output
    rename("texts", "t.csv", b"\x1b[31mid,b\n1,2\n")(inputs)
    result = run_cli(inputs)
    assert result.exit_code == 1 and "\x1b[31mid" not in result.output


def test_bad_spans_can_be_left_out(inputs):
    gold(
        {"start": 3, "end": 11, "label": "GADGET"},
        {"start": 4, "end": 11, "label": "GADGET"},
        {"start": 20, "end": 99, "label": "GADGET"},
    )(inputs)
    result = run_cli(inputs, "--bad-spans", "skip")
    assert result.exit_code == 0, result.output
    assert "2 span(s) can't be used and are left out" in result.flat
    stats = srsly.read_json(inputs.corpus / "stats.json")
    assert stats["gold"]["entities"] == {"GADGET": 1} and stats["gold"]["spans_left_out"] == 2


def test_labels_that_only_one_side_has_are_warned_of(inputs):
    gold({"start": 3, "end": 11, "label": "PHONE"})(inputs)
    result = run_cli(inputs)
    assert result.exit_code == 0
    assert "No pattern has the label PHONE" in result.flat
    assert "No gold annotation has the label GADGET" in result.flat


def test_gold_unlike_the_raw_texts_is_warned_of(inputs):
    write_jsonl(
        inputs.texts,
        [{"text": f"An iPhone {n % 9}{n}" if n % 5 else f"no {n}"} for n in range(100)],
    )
    write_jsonl(
        inputs.gold,
        [{"text": f"A gold iPhone {n % 9}{n}" if n % 2 else f"none {n}"} for n in range(100)],
    )
    said = "The rules match in 50% of the gold texts, but in 80% of the raw ones"
    assert said in run_cli(inputs).flat
    write_jsonl(
        inputs.gold, [{"text": f"A gold iPhone {n}" if n % 4 else f"none {n}"} for n in range(100)]
    )
    assert "The rules match in" not in run_cli(inputs).flat


def test_conflicting_duplicates_in_gold_are_warned_of(inputs):
    records = [{"text": f"iPhone {n}"} for n in range(30)]
    write_jsonl(inputs.gold, [*records, {"text": "IPHONE 3"}])
    assert "line 31: the same text as on line 4" in run_cli(inputs).flat


def test_failure_keeps_what_an_earlier_run_made(inputs):
    run_convert(inputs)
    before = made(inputs)
    spoil("patterns", "{oops")(inputs)
    assert run_cli(inputs).exit_code == 1
    assert made(inputs) == before


@pytest.mark.slow
def test_a_real_process_fails_without_a_traceback(inputs):
    inputs.texts.write_text("{oops", encoding="utf8")
    args = (inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions)
    command = door("convert", *args, inputs.corpus, inputs.rules)
    result = run(*command, cwd=inputs.folder, check=False)
    assert result.returncode == 1
    assert "line 1" in result.stdout and "Traceback" not in result.stdout + result.stderr
