"""import: every format gives the same records, and nothing that is there is lost."""

import json
import shutil
from pathlib import Path

import pytest
import srsly
from helpers.exporters import EXPORTS, conll, docbin, prodigy
from helpers.running import ROOT, readme_commands, run, write_jsonl
from spacy import blank
from spacy.tokens import DocBin
from typer import Typer
from typer.testing import CliRunner

from import_annotations import import_annotations, import_cli
from importing.records import squash

app = Typer()
app.command()(import_cli)

# Emoji, which some count as two; entities at the edges and side by side; no entity; white space
RECORDS = [
    (
        "\U0001f44d the iPhone 8 \U0001f44d\U0001f44d, and an iPad",
        [(6, 14, "GADGET"), (26, 30, "TABLET")],
    ),
    ("iPad iPad", [(0, 4, "TABLET"), (5, 9, "TABLET")]),
    ("Nothing at all.", []),
    ("Two\n\nlines on  the iPhone 8's\nglass", [(19, 27, "GADGET")]),
    ("قرأت عن Nokia 3310 (القديم)", [(8, 18, "GADGET")]),
]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "gold.jsonl").touch()
    (tmp_path / "annotated.jsonl").touch()
    return tmp_path


def run_cli(folder, source, *options, use="gold"):
    args = [source, folder / "gold.jsonl", folder / "annotated.jsonl", "--as", use, *options]
    result = CliRunner().invoke(app, list(map(str, args)))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    result.flat = " ".join(result.output.split())
    return result


def read(path):
    return [
        (r["text"], [(s["start"], s["end"], s["label"]) for s in r["spans"]])
        for r in srsly.read_jsonl(path)
    ]


def bare(records):
    """RETURNS (list): The records as if there were no white space."""
    return [
        (squash(t), [(len(squash(t[:s])), len(squash(t[:e])), label) for s, e, label in spans])
        for t, spans in records
    ]


def shipped_gold():
    return read(ROOT / "assets" / "gold.jsonl")


# --- Formats


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
    nlp = blank("en")
    docs = [nlp("not annotated"), nlp("annotated")]
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
    ]
    (files / "a.json").write_text(json.dumps(tasks))
    result = run_cli(files, files / "a.json")
    assert result.exit_code == 0 and reason in result.output
    expected = [] if spans is None else [("Acme and Nokia", spans)]
    assert read(files / "gold.jsonl") == [*expected, ("other", [])]


def test_label_studio_offsets_that_nobody_can_tell(files):
    """Without the marked text an offset behind an emoji is this character or the next."""
    region = {"start": 3, "end": 7, "labels": ["ORG"]}
    tasks = [
        {"text": t, "label": [region], "annotation_id": 1} for t in ("\U0001f44d Acme", "by Acme")
    ]
    (files / "a.json").write_text(json.dumps(tasks))
    result = run_cli(files, files / "a.json")
    assert result.exit_code == 1 and "record 1, characters 3 to 7" in result.flat
    assert run_cli(files, files / "a.json", "--bad-spans", "skip").exit_code == 0
    assert read(files / "gold.jsonl") == [("\U0001f44d Acme", []), ("by Acme", [(3, 7, "ORG")])]


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
    import gzip

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


# --- What is added


def test_what_is_there_stays_byte_for_byte(files):
    before = b'{"text": "mine",   "spans": [], "note": "n"}\r\n\n{"text":"last"}'
    (files / "gold.jsonl").write_bytes(before)
    prodigy(files / "a.jsonl", RECORDS)
    assert run_cli(files, files / "a.jsonl").exit_code == 0
    after = (files / "gold.jsonl").read_bytes()
    assert after.startswith(before + b"\n") and after.count(b"\n") == 3 + len(RECORDS)
    assert not list(files.glob(".*"))


def test_same_text_with_other_annotations_names_both(files):
    write_jsonl(files / "gold.jsonl", [{"text": "x"}, {"text": "My Nokia  3310", "spans": []}])
    before = (files / "gold.jsonl").read_bytes()
    record = {"text": "my nokia 3310", "spans": [{"start": 3, "end": 13, "label": "GADGET"}]}
    write_jsonl(files / "a.jsonl", [{"text": "  ", "spans": []}, record, record])
    result = run_cli(files, files / "a.jsonl")
    assert result.exit_code == 0
    both = f"{files}/a.jsonl, line 2: nokia 3310 (GADGET) {files}/gold.jsonl, line 2: no entity"
    assert squash(both) in squash(result.output)
    assert "There before 0, 2 with other annotations" in result.flat
    assert "Skipped 1 empty, 0 for other reasons" in result.flat
    assert (files / "gold.jsonl").read_bytes() == before


def test_what_measures_is_not_learned_from(files):
    write_jsonl(files / "gold.jsonl", [{"text": "My phone."}])
    conll(files / "a.conll", [("My phone .", []), ("Another one", [])])
    result = run_cli(files, files / "a.conll", use="train")
    assert "Added 1 texts" in result.flat and "In gold.jsonl 1" in result.flat
    assert read(files / "annotated.jsonl") == [("Another one", [])]
    # The other way round it becomes gold, and convert keeps it out of train
    prodigy(files / "b.jsonl", [("Another one", [])])
    result = run_cli(files, files / "b.jsonl")
    assert "Added 1 texts" in result.flat and "In annotated.jsonl 1" in result.flat


def test_twice_in_the_file(files):
    prodigy(files / "a.jsonl", RECORDS * 2)
    result = run_cli(files, files / "a.jsonl")
    assert f"Twice in the file {len(RECORDS)}" in result.flat
    assert read(files / "gold.jsonl") == RECORDS


def test_labels_are_renamed_and_left_out(files):
    spans = [(0, 4, "ORG"), (5, 8, "PER"), (9, 12, "MISC")]
    prodigy(files / "a.jsonl", [("Acme Bob etc", spans)])
    result = run_cli(files, files / "a.jsonl", "--label-map", "ORG=BRAND, PER=,FOO=X")
    assert read(files / "gold.jsonl") == [("Acme Bob etc", [(0, 4, "BRAND"), (9, 12, "MISC")])]
    for row in ("ORG BRAND 1", "PER (left out) 1", "MISC MISC 1", "No span has the label FOO"):
        assert row in result.flat


@pytest.mark.parametrize("label_map", ["ORG", "=X", "A=B,A=C"])
def test_label_maps_that_cannot_be_read(label_map, files):
    prodigy(files / "a.jsonl", RECORDS)
    result = run_cli(files, files / "a.jsonl", "--label-map", label_map)
    assert result.exit_code == 1 and "in the label map" in result.flat
    assert read(files / "gold.jsonl") == []


def test_spans_that_do_not_fit(files):
    spans = [(0, 4, "A"), (5, 7, "A"), (0, 11, "B"), (5, 11, "A"), (12, 15, ""), (90, 99, "A")]
    prodigy(files / "a.jsonl", [("Acme phones etc.", spans)])
    result = run_cli(files, files / "a.jsonl")
    assert result.exit_code == 1 and "4 span(s) can't be used" in result.flat
    assert "line 1, characters 5 to 7: 'ph' is not on token boundaries" in result.flat
    assert read(files / "gold.jsonl") == []
    result = run_cli(files, files / "a.jsonl", "--bad-spans", "skip")
    assert result.exit_code == 0 and "Spans left out 4" in result.flat
    assert read(files / "gold.jsonl") == [("Acme phones etc.", [(0, 4, "A"), (5, 11, "A")])]


def test_white_space_at_the_edges_of_a_span_is_no_mistake(files):
    prodigy(files / "a.jsonl", [("my Acme phone", [(2, 8, "ORG")])])
    assert run_cli(files, files / "a.jsonl").exit_code == 0
    assert read(files / "gold.jsonl") == [("my Acme phone", [(3, 7, "ORG")])]


@pytest.mark.parametrize(
    "source, use, options, message",
    [
        ("", "gold", [], "Name it with --vars.source"),
        ("a.jsonl", "", [], "Add --vars.as gold to measure"),
        ("a.jsonl", "gold", ["--format", "xml"], "There is no format 'xml'"),
        ("a.jsonl", "gold", ["--lang", "xyz"], "Can't load the language 'xyz'"),
        ("a.jsonl", "gold", ["--bad-spans", "keep"], "bad_spans is 'keep'"),
    ],
)
def test_what_is_asked_for_wrongly(source, use, options, message, files):
    prodigy(files / "a.jsonl", RECORDS)
    path = files / source if source else ""
    result = run_cli(files, path, *options, use=use)
    assert result.exit_code == 1 and message in result.flat
    assert read(files / "gold.jsonl") == []


def test_nothing_steers_the_terminal(files):
    text = "\x1b[31mAcme\x1b[0m and"
    write_jsonl(files / "gold.jsonl", [{"text": text, "spans": []}])
    spans = [{"start": 5, "end": 9, "label": "\x1bORG"}]
    for tokens in (spans, [{"start": 6, "end": 8, "label": "\x1bORG"}]):
        write_jsonl(files / "a.jsonl", [{"text": text, "spans": tokens}])
        output = run_cli(files, files / "a.jsonl", "--bad-spans", "skip").output
        assert "\x1b[31m" not in output and "\x1bORG" not in output


def test_import_needs_no_more_than_python(files):
    """The function behind the command returns what the command prints."""
    prodigy(files / "a.jsonl", RECORDS)
    result = import_annotations(
        files / "a.jsonl", files / "gold.jsonl", files / "annotated.jsonl", keep_out=False
    )
    assert result.counts["added"] == len(RECORDS)
    assert result.labels == {("GADGET", "GADGET"): 3, ("TABLET", "TABLET"): 3}


@pytest.mark.slow
def test_readme_commands(clone, tmp_path):
    """What the README says, as written: one file becomes gold, another training data."""
    project = tmp_path / "project"
    shutil.copytree(clone, project)
    commands = readme_commands("Import annotations you have")
    sources = [args[args.index("--vars.source") + 1] for args in commands]
    for i, source in enumerate(sources):
        (project / source).parent.mkdir(exist_ok=True)
        records = [(f"Number {i} of Zorb 7", [(12, 18, "PRODUCT")])]
        {".conll": conll, ".jsonl": prodigy}[Path(source).suffix](project / source, records)
    before = (project / "assets" / "gold.jsonl").read_bytes()
    for args in commands:
        assert "Added 1 record(s)" in run(*args, cwd=project).stdout
    gold = (project / "assets" / "gold.jsonl").read_bytes()
    assert gold.startswith(before) and b"Number 0 of Zorb 7" in gold[len(before) :]
    [(text, [(start, end, label)])] = read(project / "assets" / "annotated.jsonl")
    assert text == "Number 1 of Zorb 7" and label == "GADGET"
