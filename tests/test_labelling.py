"""From rules and texts to corpora: the same by any number of processes, and bounded."""

import gzip

import pytest
import spacy
import srsly
from helpers.converting import as_csv, made, read_docs, run_cli, run_convert, texts_of
from helpers.little import build_rules
from helpers.running import COURSE_PATTERNS, ROOT, write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from labelling import corpus, shards
from labelling.matching import Labeller
from reading import splits
from reading import texts as texts_module
from reading.splits import text_hash
from reading.texts import read_texts
from shared.writing import ATTRS

# --- Which rule labels what


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


# --- How it is written


@pytest.mark.parametrize(
    "kind",
    [
        "jsonl",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("csv.gz", "folder", "gold")),
    ],
)
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
    monkeypatch.setattr(corpus, "MAX_FORMS", 50)
    forms = run_convert(inputs)["train"]["forms"]["GADGET"]
    assert len(forms) <= 51 and forms["iphone 399"] == 1 and "iphone 999" not in forms


# --- Texts of all kinds


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


RULES = build_rules("en", ROOT / "assets" / "patterns.jsonl", ROOT / "assets" / "suggestions.jsonl")


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1))
def test_any_text_can_be_labelled_and_stored(text):
    text = text.encode("utf8", "replace").decode("utf8")
    doc, _ = Labeller(RULES)(text)
    (stored,) = DocBin().from_bytes(DocBin(ATTRS, docs=[doc]).to_bytes()).get_docs(RULES.vocab)
    assert stored.text == text


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
