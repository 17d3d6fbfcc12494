"""The formats of other tools: every one gives the same records, and what is broken is named."""

import gzip
import json

import pytest
from helpers.exporters import EXPORTS, docbin, prodigy
from helpers.importing import RECORDS, read, run_cli
from helpers.little import NLP
from helpers.running import ROOT, write_jsonl
from spacy.tokens import DocBin

from importing.records import squash


def bare(records):
    """RETURNS (list): The records as if there were no white space."""
    return [
        (squash(t), [(len(squash(t[:s])), len(squash(t[:e])), label) for s, e, label in spans])
        for t, spans in records
    ]


def shipped_gold():
    return read(ROOT / "assets" / "gold.jsonl")


@pytest.mark.parametrize("name", EXPORTS)
def test_round_trip(name, files):
    """Written in a format and imported, the records are the same."""
    file, write, format_, loses_space = EXPORTS[name]
    records = [*RECORDS, *shipped_gold()[:40]]
    write(files / file, records)
    result = run_cli(files, files / file)
    assert result.exit_code == 0, result.output
    assert f"Format {format_} Added {len(records)} texts" in result.flat
    found = read(files / "gold.jsonl")
    if loses_space:
        assert bare(found) == bare(records)
    else:
        assert found == records
    before = (files / "gold.jsonl").read_bytes()
    # Again, by name
    again = run_cli(files, files / file, "--format", format_)
    assert f"There before {len(records)}, 0 with" in again.flat
    assert (files / "gold.jsonl").read_bytes() == before


def test_a_record_is_the_same_in_all_formats(files):
    """Also where a format loses the white space."""
    for name, (file, write, _, _) in EXPORTS.items():
        folder = files / f"in {name}"
        folder.mkdir()
        write(folder / file, RECORDS)
        assert run_cli(files, folder / file).exit_code == 0
    assert len(read(files / "gold.jsonl")) == len(RECORDS)


def test_conll_documents_and_sentences(files):
    lines = "-DOCSTART- -X- O O\n\nA NN O\n\nAcme NN I-ORG\n\n-DOCSTART- -X- O O\n\nB NN O\n"
    (files / "a.conll").write_text(lines.replace("\n", "\r\n"))
    assert run_cli(files, files / "a.conll").exit_code == 0
    assert read(files / "gold.jsonl") == [("A Acme", [(2, 6, "ORG")]), ("B", [])]


def test_conllu_words_of_several_tokens(files):
    rows = [
        ("1-2", "du", "_"),
        ("1", "de", "O"),
        ("2", "le", "O"),
        ("3", "Nokia", "SpaceAfter=No|name=U-Old_Phone"),
        ("4", ".", "name=O"),
    ]
    lines = ["\t".join([i, word, *"_" * 7, misc]) for i, word, misc in rows]
    (files / "a.conllu").write_text("# sent_id = 1\n" + "\n".join(lines) + "\n")
    assert run_cli(files, files / "a.conllu").exit_code == 0
    # spaCy's own pattern would read the label as O
    assert read(files / "gold.jsonl") == [("du Nokia.", [(3, 8, "Old_Phone")])]


def test_conllu_with_tags_on_entities_only(files):
    rows = [("1", "Nokia", "NE=B-ORG"), None, ("1", "no", "_")]
    lines = ["\t".join([r[0], r[1], *"_" * 7, r[2]]) if r else "" for r in rows]
    (files / "a.conllu").write_text("\n".join(lines) + "\n")
    assert run_cli(files, files / "a.conllu").exit_code == 0
    assert read(files / "gold.jsonl") == [("Nokia", [(0, 5, "ORG")]), ("no", [])]


def test_spacy_json_without_tokens_for_white_space(files):
    tokens = [{"orth": word, "ner": tag} for word, tag in (("A", "O"), ("Nokia", "U-ORG"))]
    sentences = [{"tokens": [*tokens, {"orth": ".", "ner": "O"}]}]
    paragraphs = [{"sentences": sentences}, {"raw": "A\n\nNokia. ", "sentences": sentences}]
    (files / "a.json").write_text(json.dumps([{"paragraphs": paragraphs}]))
    result = run_cli(files, files / "a.json")
    assert "Added 1 texts" in result.flat and "Twice in the file 1" in result.flat
    (files / "b.json").write_text(json.dumps([{"paragraphs": paragraphs[1:]}]))
    assert read(files / "gold.jsonl") == [("A Nokia .", [(2, 7, "ORG")])]
    (files / "gold.jsonl").write_text("")
    assert run_cli(files, files / "b.json").exit_code == 0
    assert read(files / "gold.jsonl") == [("A\n\nNokia. ", [(3, 8, "ORG")])]


def test_docs_without_annotation_are_skipped(files):
    docs = [NLP("not annotated"), NLP("annotated")]
    docs[1].set_ents([])
    DocBin(docs=docs).to_disk(files / "a.spacy")
    result = run_cli(files, files / "a.spacy")
    assert "doc 1: not annotated, or only in part" in result.flat
    assert read(files / "gold.jsonl") == [("annotated", [])]


def test_prodigy_answers(files):
    answers = ("accept", "reject", "ignore")
    records = [{"text": f"text {a}", "spans": [], "answer": a} for a in answers]
    result = run_cli(files, write_jsonl(files / "a.jsonl", records))
    assert "line 2: the answer is 'reject'" in result.flat
    assert read(files / "gold.jsonl") == [("text accept", [])]


def annotation(spans, **keys):
    text = "Acme and Nokia"
    values = [{"start": s, "end": e, "text": text[s:e], "labels": ["ORG"]} for s, e in spans]
    results = [{"type": "labels", "value": value} for value in values]
    return {"result": [*results, {"type": "choices", "value": {"choices": ["x"]}}], **keys}


@pytest.mark.parametrize(
    "annotations, spans, reason",
    [
        ([annotation([(0, 4)]), annotation([(0, 4)])], [(0, 4, "ORG")], ""),
        ([annotation([(0, 4)]), annotation([])], None, "2 annotations that differ"),
        ([annotation([(0, 4)]), annotation([], ground_truth=True)], [], ""),
        ([annotation([(0, 4)]), annotation([], was_cancelled=True)], [(0, 4, "ORG")], ""),
        ([], None, "not annotated"),
    ],
)
def test_label_studio_with_several_annotators(annotations, spans, reason, files):
    tasks = [
        {"data": {"body": "Acme and Nokia", "n": 1}, "annotations": annotations},
        {"data": {"text": "other"}, "annotations": [annotation([])]},
        # Only choices in all tasks would say nothing about entities
        {"data": {"text": "Acme"}, "annotations": [annotation([(0, 4)])]},
    ]
    (files / "a.json").write_text(json.dumps(tasks))
    result = run_cli(files, files / "a.json")
    assert result.exit_code == 0 and reason in result.output
    expected = [] if spans is None else [("Acme and Nokia", spans)]
    assert read(files / "gold.jsonl") == [*expected, ("other", []), ("Acme", [(0, 4, "ORG")])]


def test_brat_discontinuous_and_other_lines(files):
    folder = files / "brat" / "sub"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"Acme\r\nand Nokia phones")
    (folder / "a.ann").write_text(
        "T1\tORG 0 4\tAcme\nT2\tORG 0 4;10 15\tAcme Nokia\nT3\tORG 10 15\tNokia\n"
        "R1\tin Arg1:T1 Arg2:T3\n*\tEquiv T1 T3\n#1\tAnnotatorNotes T1\tnote\n"
    )
    (folder / "b.txt").write_text("no annotations")
    (files / "brat" / "annotation.conf").write_text("[entities]\n")
    result = run_cli(files, files / "brat")
    assert "line 2: T2 'Acme Nokia' is discontinuous" in result.flat
    assert "b.txt, line 1: there is no .ann file for it" in result.flat
    assert read(files / "gold.jsonl") == [
        ("Acme\r\nand Nokia phones", [(0, 4, "ORG"), (10, 15, "ORG")])
    ]


def test_folder_and_gzip(files):
    folder = files / "in"
    folder.mkdir()
    prodigy(folder / "b.jsonl", RECORDS[1:])
    (folder / "b.jsonl.gz").write_bytes(gzip.compress((folder / "b.jsonl").read_bytes()))
    (folder / "b.jsonl").unlink()
    docbin(folder / "a.spacy", RECORDS[:1])
    (folder / ".hidden").write_text("x")
    result = run_cli(files, folder)
    assert "Format spacy, prodigy" in result.flat
    assert read(files / "gold.jsonl") == RECORDS


# --- What is broken


BROKEN = {
    "no such file": ("no.conll", None, "no.conll: The file does not exist"),
    "unknown": ("a.txt", "just\nlines\n", "a.txt: Can't tell the format"),
    "empty": ("a.conll", "", "a.conll: Can't tell the format"),
    "not UTF-8": ("a.conll", b"a O\n\xff O\n", "a.conll, line 2: Not UTF-8"),
    "CoNLL tag": ("a.conll", "a O\nb X-ORG\n", "line 2: No tag such as O or B-ORG"),
    "CoNLL columns": ("a.conll", "a NN O\nb O\n", "line 2: 2 columns, and 3 on the line before"),
    "CoNLL one column": ("a.conll", "a O\nb\n", "line 2: No tag"),
    "IOB line": ("a.iob", "a|O b|B-ORG\n\nc|O d\n", "line 3: No token with a tag: 'd'"),
    "IOB parts": ("a.iob", "a|O b|NN|O\n", "line 1: Some tokens of the line have two parts"),
    "CoNLL-U columns": ("a.conllu", "1\ta\tb\n", "line 1: Not a line of CoNLL-U"),
    "CoNLL-U head": (
        "a.conllu",
        "1\ta" + "\t_" * 7 + "\tO\n\n1\ta" + "\t_" * 4 + "\t7\t_\t_\tO\n",
        "line 3: Not valid CoNLL-U",
    ),
    "CoNLL-U without entities": ("a.conllu", "1\ta" + "\t_" * 8 + "\n", "a.conllu: No entities"),
    "JSON": ("a.json", '[{"text": "a"},\n{"text" "b"}]', "a.json, line 2: Broken JSON"),
    "JSON item": ("a.json", '[{"data": {"text": "a"}, "annotations": []}, 1]', "record 2: The"),
    "spaCy JSON": (
        "a.json",
        '[{"paragraphs": [{"sentences": []}, {"sentences": [{"x": 1}]}]}]',
        "paragraph 2: Not spaCy's JSON",
    ),
    "spaCy JSON raw": (
        "a.json",
        '[{"paragraphs": [{"raw": "b", "sentences": [{"tokens": [{"orth": "a", "ner": "O"}]}]}]}]',
        "paragraph 1: 'raw' is not what the tokens are",
    ),
    "spaCy pair": ("a.json", '[["a", {"entities": []}], ["a", 1]]', "record 2: Not a text with"),
    "DocBin": ("a.spacy", b"nothing of the kind", "a.spacy: Not a .spacy file"),
    "Prodigy line": ("a.jsonl", '{"text": "a", "spans": []}\n{"text', "line 2: Broken JSON"),
    "Prodigy span": (
        "a.jsonl",
        '{"text": "a", "spans": [{"start": "0"}]}',
        "line 1: A span has no",
    ),
    "doccano": ("a.jsonl", '{"text": "a", "label": [[0, 1]]}', "line 1: Not an entity of doccano"),
    "doccano text": ("a.jsonl", '{"id": 1, "label": []}', "line 1: 'data' is missing"),
    "Label Studio": (
        "a.json",
        '[{"data": {"text": "a"}, "annotations": [7]}]',
        "record 1: The task has no list of annotations",
    ),
    "Label Studio text": (
        "a.json",
        '[{"data": {"a": "x", "b": "y"}, "annotations": []}]',
        "record 1: Can't tell which is the text: a, b",
    ),
    "nothing usable": (
        "a.jsonl",
        '{"text": "a", "spans": [], "answer": "ignore"}',
        "a.jsonl: None of 1 record(s) can be used line 1: the answer is 'ignore'",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_leave_nothing(name, files):
    file, content, message = BROKEN[name]
    if content is not None:
        (files / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(files.rglob("*"))
    result = run_cli(files, files / file)
    assert result.exit_code == 1
    assert squash(message) in squash(result.output), result.output
    assert sorted(files.rglob("*")) == before
    assert (files / "gold.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    "line, text, message",
    [
        ("T1 ORG 0 1\n", "a", "a.ann, line 1: Not an annotation of brat"),
        ("T1\tORG 0 1\ta\n", None, "a.ann: Its .txt file is missing"),
        (
            "T1\tORG 0 4\tAcme\n",
            "Nokia",
            "line 1, characters 0 to 4: 'Noki' is not what was marked",
        ),
    ],
)
def test_broken_brat(line, text, message, files):
    (files / "brat").mkdir()
    (files / "brat" / "a.ann").write_text(line)
    if text is not None:
        (files / "brat" / "a.txt").write_text(text)
    result = run_cli(files, files / "brat")
    assert result.exit_code == 1 and squash(message) in squash(result.output)


def test_token_with_white_space_is_skipped(files):
    (files / "a.tsv").write_text("New York\tB-LOC\n\nNokia\tB-ORG\n")
    result = run_cli(files, files / "a.tsv")
    assert "line 1: white space in a token" in result.flat
    assert read(files / "gold.jsonl") == [("Nokia", [(0, 5, "ORG")])]
