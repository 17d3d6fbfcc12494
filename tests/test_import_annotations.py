"""import: what it adds, and that nothing that is there is lost."""

from pathlib import Path

import pytest
from helpers.exporters import conll, prodigy
from helpers.importing import RECORDS, read, run_cli
from helpers.running import copy, readme_commands, run, write_jsonl

from importing.adding import import_annotations
from importing.records import squash


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


@pytest.mark.parametrize("use, missing", [("gold", "gold"), ("train", "annotated")])
def test_a_missing_file_is_made(files, use, missing):
    (files / f"{missing}.jsonl").unlink()
    prodigy(files / "a.jsonl", RECORDS)
    done = run_cli(files, files / "a.jsonl", use=use)
    assert done.exit_code == 0 and f"{missing}.jsonl was missing" in done.flat
    assert len(read(files / f"{missing}.jsonl")) == len(RECORDS)


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
    project = copy(clone, tmp_path)
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
