"""convert: what is labelled, how it is split, and how bad input is refused."""

import csv
import gzip
import json
import os
import random

import pytest
import spacy
import srsly
from helpers.little import build_rules
from helpers.running import COURSE_PATTERNS, COURSE_TEXTS, ROOT, run, write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.vocab import Vocab
from typer import Typer
from typer.testing import CliRunner

from convert import convert_cli
from labelling import corpus as convert_module
from labelling import shards
from labelling.corpus import convert
from labelling.matching import Labeller
from reading import splits
from reading import texts as texts_module
from reading.splits import SIDES, gold_side, split, text_hash
from reading.texts import read_texts
from shared.errors import InputError
from shared.workers import Workers
from shared.writing import ATTRS

app = Typer()
app.command()(convert_cli)


def run_cli(inputs, *options):
    paths = [inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions]
    args = [*map(str, [*paths, inputs.corpus, inputs.rules]), *options]
    return CliRunner().invoke(app, args)


def run_convert(inputs, **options):
    paths = (inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions)
    return convert(*paths, inputs.corpus, inputs.rules, **options)


def read_docs(path):
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    vocab = spacy.blank("en").vocab
    return [doc for file in files for doc in DocBin().from_disk(file).get_docs(vocab)]


def texts_of(path):
    return [doc.text for doc in read_docs(path)]


# --- What is labelled


def test_course_example(inputs):
    """The six texts and two rules of spaCy's course are labelled exactly as the course shows."""
    write_jsonl(inputs.texts, [{"text": text} for text in COURSE_TEXTS])
    write_jsonl(
        inputs.gold,
        [{"text": f"My iPhone {n} and I", "spans": []} for n in range(30)],
    )
    run_convert(inputs)
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


def test_texts_without_entities_are_annotated_as_such(inputs):
    run_convert(inputs)
    docs = [doc for doc in read_docs(inputs.corpus / "train") if not doc.ents]
    assert docs
    for doc in docs:
        assert doc.has_annotation("ENT_IOB")
        assert {token.ent_iob_ for token in doc} == {"O"}


def test_longest_match_wins(inputs):
    write_jsonl(
        inputs.patterns,
        [
            {"label": "SHORT", "pattern": "iPhone"},
            {"label": "LONG", "pattern": [{"lower": "the"}, {"lower": "iphone"}, {"lower": "x"}]},
            {"label": "MIDDLE", "pattern": [{"LOWER": "iphone"}, {"LOWER": "x"}]},
        ],
    )
    run_convert(inputs)
    nlp = spacy.load(inputs.rules)
    ents = [
        (ent.text, ent.label_) for ent in nlp("Is the iPhone X an iPhone or the iphone x?").ents
    ]
    assert ents == [("the iPhone X", "LONG"), ("iPhone", "SHORT"), ("the iphone x", "LONG")]


def test_entities_tell_which_rule_found_them(inputs):
    write_jsonl(
        inputs.patterns,
        [*COURSE_PATTERNS, {"label": "GADGET", "pattern": "new phone", "id": "mine"}],
    )
    run_convert(inputs)
    doc = spacy.load(inputs.rules)("iPhone 8 or a new phone?")
    assert [ent.ent_id_ for ent in doc.ents] == ["patterns:2", "mine"]


def test_accepted_suggestions_are_rules(inputs):
    answers = ("accept", "reject", "ignore", None)
    write_jsonl(
        inputs.suggestions,
        [
            {"text": f"Zorb{n} Mini", "label": "GADGET", "score": 1.0, "count": 2, "answer": answer}
            for n, answer in enumerate(answers)
        ],
    )
    run_convert(inputs)
    doc = spacy.load(inputs.rules)("a ZORB0 mini, a zorb1 mini, a zorb2 mini, a zorb3 mini")
    assert [ent.text for ent in doc.ents] == ["ZORB0 mini"]


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
    assert "1 rule(s) never match in train" in output and "zz  'Zorb'" in output
    assert "to train on" in output  # too few examples
    assert "No entity RARE in train" in output
    assert "agreement with the rules" in output
    assert max(map(len, output.splitlines())) <= 80


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


@given(st.lists(st.text(), max_size=30), st.lists(st.text(), max_size=5))
def test_split_puts_no_text_on_two_sides(texts, gold):
    sides = [SIDES[side] for side in split(b"".join(map(text_hash, texts)), gold)]
    kept = [text_hash(t) for t, side in zip(texts, sides) if side in ("train", "dev", "test")]
    assert len(kept) == len(set(kept))
    if any(text.strip() for text in gold):
        assert not {text_hash(text) for text in gold} & set(kept)


def made(inputs):
    """RETURNS (dict): Everything that convert wrote."""
    files = [*inputs.corpus.rglob("*"), *inputs.rules.rglob("*")]
    return {path: path.read_bytes() for path in files if path.is_file()}


@pytest.mark.parametrize("kind", ["jsonl", "csv.gz", "folder", "gold"])
def test_files_do_not_depend_on_processes(inputs, monkeypatch, kind):
    """Files with a record a line are cut by bytes, of others the texts are handed out."""
    monkeypatch.setattr(texts_module, "BLOCK_SIZE", 900)
    texts = [text for _, text in read_texts(inputs.texts)]
    if kind == "csv.gz":
        as_csv(inputs.folder / "t.csv", [*texts, "two\nlines of an iPhone X"])
        inputs.texts = inputs.folder / "t.csv.gz"
        inputs.texts.write_bytes(gzip.compress((inputs.folder / "t.csv").read_bytes()))
    elif kind == "folder":
        (inputs.folder / "many").mkdir()
        (inputs.folder / "many" / "b.txt").write_text("\n".join(texts[:70]), encoding="utf8")
        as_csv(inputs.folder / "many" / "a.csv", texts[50:])
        inputs.texts = inputs.folder / "many"
    elif kind == "gold":
        write_jsonl(inputs.gold, [{"text": f"Gold iPhone {n}"} for n in range(30)])
    stats = run_convert(inputs, n_process=1)
    one = made(inputs)
    assert len(list((inputs.corpus / "train").iterdir())) > 5
    assert stats["train"]["texts"] == len(texts_of(inputs.corpus / "train"))
    run_convert(inputs, n_process=2)
    assert made(inputs) == one


def test_fresh_pipelines_do_not_change_anything(inputs, monkeypatch):
    """A process that has seen many words starts over, so that they don't fill the memory."""
    monkeypatch.setattr(texts_module, "BLOCK_SIZE", 900)
    run_convert(inputs)
    before = made(inputs)
    started = []
    start = shards.start
    monkeypatch.setattr(shards, "start", lambda *args: started.append(args) or start(*args))
    monkeypatch.setattr(shards, "MAX_STRINGS", 3)
    run_convert(inputs)
    assert len(started) > 2 and made(inputs) == before


def test_stored_docs_are_those_of_spacy(inputs):
    """Shards are written without DocBin.add, but hold the same."""
    run_convert(inputs)
    (shard,) = (inputs.corpus / "train").iterdir()
    label = Labeller(spacy.load(inputs.rules))
    expected = DocBin(ATTRS, docs=[label(text)[0] for text in texts_of(shard)])
    ours, theirs = (DocBin().from_bytes(data) for data in (shard.read_bytes(), expected.to_bytes()))
    for name in ("attrs", "cats", "flags", "span_groups"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("tokens", "spaces"):
        pairs = zip(getattr(ours, name), getattr(theirs, name))
        assert all((a == b).all() for a, b in pairs)
    vocab = Vocab()
    for doc in ours.get_docs(vocab):
        assert [ent.label_ for ent in doc.ents] == ["GADGET"] * len(doc.ents)


def test_held_out_texts_have_a_limit(inputs, monkeypatch):
    run_convert(inputs)
    sides = {name: texts_of(inputs.corpus / f"{name}.spacy") for name in ("dev", "test")}
    train = texts_of(inputs.corpus / "train")
    monkeypatch.setattr(splits, "MAX_HELD_OUT", 5)
    result = run_cli(inputs)
    stats = srsly.read_json(inputs.corpus / "stats.json")
    assert texts_of(inputs.corpus / "train") == train
    for name, texts in sides.items():
        smallest = sorted(texts, key=text_hash)[:5]
        assert len(texts) > 5 and stats[name]["texts"] == 5
        assert texts_of(inputs.corpus / f"{name}.spacy") == [t for t in texts if t in smallest]
    assert stats["dropped"]["surplus"] == sum(map(len, sides.values())) - 10
    assert f"{stats['dropped']['surplus']} more texts would be" in result.output


def test_forms_have_a_limit_but_evaluation_finds_what_it_asks_for(inputs, monkeypatch):
    spans = [{"start": 3, "end": 13, "label": "GADGET"}]
    texts = [{"text": f"An iPhone {n} here"} for n in range(100, 400)]
    write_jsonl(inputs.texts, texts)
    gold = [{"text": f"My iPhone {n}", "spans": spans} for n in (399, 999)]
    write_jsonl(inputs.gold, [*gold, *({"text": f"gold {n}"} for n in range(30))])
    monkeypatch.setattr(texts_module, "BLOCK_SIZE", 900)
    everything = run_convert(inputs)["train"]["forms"]["GADGET"]
    assert len(everything) == 300
    monkeypatch.setattr(convert_module, "MAX_FORMS", 50)
    forms = run_convert(inputs)["train"]["forms"]["GADGET"]
    assert len(forms) <= 51 and forms["iphone 399"] == 1 and "iphone 999" not in forms


# --- Blocks and processes


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=20),
    st.integers(1, 200),
    st.sampled_from(["t.jsonl", "t.txt", "t.csv"]),
    st.booleans(),
)
def test_blocks_hold_every_text_once(tmp_path_factory, texts, size, name, bom):
    folder = tmp_path_factory.getbasetemp() / "blocks"
    folder.mkdir(exist_ok=True)
    path = folder / name
    if name == "t.jsonl":
        write_jsonl(path, [{"text": text} for text in texts])
    elif name == "t.txt":
        path.write_bytes("\n".join(texts).encode())
    else:
        as_csv(path, [text.replace("\0", "") for text in texts])  # Python 3.10 can't write it
    if bom:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts_module, "BLOCK_SIZE", size)
        cut = list(texts_module.read_blocks(path))
        assert [t for block in cut for t in block.read()] == [t for _, t in read_texts(path)]
        if name != "t.csv":
            assert len(cut) <= 1 or all(block.end - block.start >= size for block in cut[:-1])


def test_killed_processes_are_told_of():
    with pytest.raises(InputError, match="killed"), Workers(2, print) as workers:
        list(workers.map(os._exit, [1, 1, 1]))


# --- What is read


def as_csv(path, texts, delimiter=","):
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "text"])
        writer.writerows(enumerate(texts))


@pytest.mark.parametrize("name", ["t.jsonl", "t.txt", "t.csv", "t.tsv"])
@pytest.mark.parametrize("zipped", [False, True])
def test_text_formats(tmp_path, name, zipped):
    texts = ['He said "no", twice', "tab\tand; comma, here", "é 漢字 \U0001f600 \u202eabc", "last"]
    path = tmp_path / name
    if name == "t.jsonl":
        write_jsonl(path, [{"text": text, "meta": {"text": 1}} for text in texts])
    elif name == "t.txt":
        path.write_text("\r\n".join(texts), encoding="utf8", newline="")
    else:
        texts.append("two\nlines")
        as_csv(path, texts, "," if name == "t.csv" else "\t")
    if zipped:
        data = path.read_bytes()
        path = tmp_path / (name + ".gz")
        path.write_bytes(gzip.compress(data))
    assert [text for _, text in read_texts(path)] == texts


def test_folder_of_texts(tmp_path):
    folder = tmp_path / "texts"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.txt").write_text("second\n", encoding="utf8")
    (folder / "a.txt").write_text("\ufefffirst\n", encoding="utf8")
    (folder / ".hidden").write_text("not me", encoding="utf8")
    (folder / "sub" / "c.txt").write_text("third\n", encoding="utf8")
    assert [text for _, text in read_texts(folder)] == ["first", "second", "third"]


NASTY = [
    "<script>alert('iPhone 8')</script> & <b>iPhone X</b>",
    "nul \x00 and \x1b[31mred\x1b[0m iPhone 8 \x07",
    "\u202eiPhone X\u202c right to left: שלום עולם, مرحبا",
    "zero\u200bwidth\u200d join\u2060er iPhone 8",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 family \U0001f1e9\U0001f1ea iPhone X \U0001f600",
    "{{ 7 * 7 }} {% include 'x' %} ${vars.texts} %s iPhone 8",
    "word " * 20_000,
]


def test_nasty_texts_stay_as_they_are(inputs):
    texts = [f"{text} {n}" for n in range(30) for text in NASTY[:-1]] + [NASTY[-1]]
    write_jsonl(inputs.texts, [{"text": text} for text in texts])
    run_convert(inputs)
    sides = ("train", "dev.spacy", "test.spacy")
    assert sorted(t for side in sides for t in texts_of(inputs.corpus / side)) == sorted(texts)


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1))
def test_any_text_can_be_labelled_and_stored(text):
    text = text.encode("utf8", "replace").decode("utf8")
    doc, _ = Labeller(RULES)(text)
    (stored,) = DocBin().from_bytes(DocBin(ATTRS, docs=[doc]).to_bytes()).get_docs(RULES.vocab)
    assert stored.text == text


RULES = build_rules("en", ROOT / "assets" / "patterns.jsonl", ROOT / "assets" / "suggestions.jsonl")


def test_lone_surrogates_become_replacement_characters(inputs):
    line = json.dumps({"text": "broken \ud83d iPhone 8"}) + "\n"
    inputs.texts.write_text(line + inputs.texts.read_text(encoding="utf8"), encoding="utf8")
    assert next(read_texts(inputs.texts))[1] == "broken \ufffd iPhone 8"
    run_convert(inputs)


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
    "no suggestions file": (missing("suggestions"), "suggestions.jsonl", "does not exist"),
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
    output = " ".join(result.output.split())  # messages are wrapped
    assert result.exit_code == 1, output
    assert isinstance(result.exception, SystemExit)  # no traceback
    assert place in output and what in output, output
    left = [path for path in (inputs.corpus, inputs.rules) if path.exists() and path.is_dir()]
    assert not [file for path in left for file in path.rglob("*")]
    assert not list(inputs.folder.glob(".*"))


def test_errors_that_another_process_meets_name_the_line(inputs, monkeypatch):
    monkeypatch.setattr(texts_module, "BLOCK_SIZE", 900)
    lines = inputs.texts.read_text(encoding="utf8")
    for name, bad in (("t.jsonl", "{oops\n"), ("t.txt", "x" * 1_000_001 + "\n")):
        rename("texts", name, (lines + bad + lines).encode())(inputs)
        result = run_cli(inputs, "--n-process", "2")
        assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
        assert f"{name}, line 121:" in " ".join(result.output.split())


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
    assert "2 span(s) can't be used and are left out" in " ".join(result.output.split())
    stats = srsly.read_json(inputs.corpus / "stats.json")
    assert stats["gold"] == {"texts": 31, "entities": {"GADGET": 1}, "spans_left_out": 2}


def test_labels_that_only_one_side_has_are_warned_of(inputs):
    gold({"start": 3, "end": 11, "label": "PHONE"})(inputs)
    result = run_cli(inputs)
    output = " ".join(result.output.split())
    assert result.exit_code == 0
    assert "No pattern has the label PHONE" in output
    assert "No gold annotation has the label GADGET" in output


def test_conflicting_duplicates_in_gold_are_warned_of(inputs):
    records = [{"text": f"iPhone {n}"} for n in range(30)]
    write_jsonl(inputs.gold, [*records, {"text": "IPHONE 3"}])
    assert "line 31: the same text as on line 4" in " ".join(run_cli(inputs).output.split())


def test_failure_keeps_what_an_earlier_run_made(inputs):
    run_convert(inputs)
    before = {path: path.read_bytes() for path in inputs.corpus.rglob("*") if path.is_file()}
    spoil("patterns", "{oops")(inputs)
    assert run_cli(inputs).exit_code == 1
    assert {p: p.read_bytes() for p in inputs.corpus.rglob("*") if p.is_file()} == before


def test_a_real_process_fails_without_a_traceback(inputs):
    inputs.texts.write_text("{oops", encoding="utf8")
    args = (inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions)
    script = ROOT / "scripts" / "convert.py"
    result = run(script, *args, inputs.corpus, inputs.rules, cwd=inputs.folder, check=False)
    assert result.returncode == 1
    assert "line 1" in result.stdout and "Traceback" not in result.stdout + result.stderr


# --- Other scripts

RIGHT_TO_LEFT = {
    "ar": (
        "اشتريت هاتف جالاكسي {} أمس",
        "جالاكسي",
        "انكسرت شاشة جالاكسي {} اليوم",
        "لا شيء هنا {}",
    ),
    "he": ("קניתי גלקסי {} אתמול", "גלקסי", "המסך של גלקסי {} נשבר.", "אין כאן כלום {}"),
}


@pytest.mark.parametrize("lang", RIGHT_TO_LEFT)
def test_right_to_left_texts(lang, inputs):
    text, name, gold, other = RIGHT_TO_LEFT[lang]
    texts = [form.format(number) for number in range(30) for form in (text, other)]
    write_jsonl(inputs.texts, [{"text": text} for text in texts])
    pattern = [{"LOWER": name}, {"IS_DIGIT": True}]
    write_jsonl(inputs.patterns, [{"label": "GADGET", "pattern": pattern}])
    start = gold.index(name)
    records = [
        {
            "text": gold.format(n),
            "spans": [{"start": start, "end": start + len(f"{name} {n}"), "label": "GADGET"}],
        }
        for n in range(20)
    ]
    write_jsonl(inputs.gold, records)
    result = run_cli(inputs, "--lang", lang)
    assert result.exit_code == 0, result.output
    found = {doc.text: [ent.text for ent in doc.ents] for doc in read_docs(inputs.corpus / "train")}
    assert sorted(found) == sorted(texts)
    assert all(found[text.format(n)] == [f"{name} {n}"] for n in range(30))
    assert not any(found[other.format(n)] for n in range(30))
    held_out = read_docs(inputs.corpus / "dev.spacy") + read_docs(inputs.corpus / "test.spacy")
    assert sorted(ent.text for doc in held_out for ent in doc.ents) == sorted(
        f"{name} {n}" for n in range(20)
    )
    nlp = spacy.load(inputs.rules)
    assert nlp.lang == lang and [e.text for e in nlp(gold.format(7)).ents] == [f"{name} 7"]
