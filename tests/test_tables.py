"""Texts as people have them: tables, lines and JSON, of which nothing is lost without a word."""

import csv
import json
import sys
from types import SimpleNamespace

import pytest
from helpers.little import build_rules
from helpers.running import COURSE_PATTERNS, LANG, invoke, write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st

from predict import predict_cli
from reading.patterns import read_patterns
from reading.texts import read_records, read_texts
from shared.errors import InputError

SPAN = {"start": 0, "end": 8, "label": "GADGET"}
linked = pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")


def read_jsonl(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    patterns = write_jsonl(folder / "patterns.jsonl", COURSE_PATTERNS)
    nlp = build_rules(LANG, patterns, write_jsonl(folder / "none.jsonl", []))
    nlp.to_disk(folder / "pipeline")
    return folder / "pipeline"


@pytest.fixture
def found(pipeline, tmp_path):
    """Let predict read a file of this name and content; RETURNS what it printed and wrote."""

    def run(name, content, output="out.jsonl"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        result = invoke(predict_cli, path, pipeline, tmp_path / output)
        out = tmp_path / output
        records = read_jsonl(out) if out.suffix == ".jsonl" and out.exists() else None
        return SimpleNamespace(flat=result.flat, exit_code=result.exit_code, records=records)

    return run


# --- Refused, by line


# The file, what is in it, the line that is named, and what is said of it
REFUSED = {
    "cells beyond the heading": (
        "t.csv", "id,text\n1,Hello, world\n", 2, "The row has 3 cells, and the heading 2"
    ),
    "an empty heading is none to too many": ("t.csv", "text\na\nb,c\n", 3, "The row has 2 cells"),
    "row names of R": ("t.tsv", "text\tid\n1\tphone\t7\n", 2, "The row has 3 cells"),
    "beyond the heading, after lines in quotes": (
        "t.csv", 'text,id\n"a\nb",1\n"c\n\nd",2,x\n', 4, "The row has 3 cells"
    ),
    "two columns text": ("t.csv", "text,text\na,b\n", 1, "Two columns have the heading 'text'"),
    "two columns of one name": ("t.tsv", "x\ttext\tx\n", 1, "Two columns have the heading 'x'"),
    "two columns without a name": ("t.csv", ",,text\n1,2,a\n", 1, "Two columns have the heading ''"),
    "no column text": ("t.csv", "\n\nid,Text\n1,a\n", 3, "No column 'text' among: id, Text"),
    "too short": ("t.csv", 'id,text\n"1\n2"\n', 2, "The row is too short to have a text"),
    "an open quote": ("t.csv", 'text\na\n"b\nc\nd\n', 3, "unexpected end of data"),
    "an open quote, in a later cell": (
        "t.csv", 'id,text\n1,a\n"2\n2",x\n"3\n3","b\n\nc\n', 6, "unexpected end of data"
    ),
    "an open quote that a later one closes": (
        "t.csv", 'text,id\na,1\n"b,2\nc,3\nd,"4"\ne,5\n', 3, "',' expected after '\"'"
    ),
    "after a quote": ("t.csv", 'id,text\n1,a\n2,"b"c\n', 3, "',' expected after '\"'"),
    "after a quote, in a row of lines": (
        "t.csv", 'id,text\n"1\n1","a"b\n', 3, "',' expected after '\"'"
    ),
    "an open quote, CR": ("t.csv", 'text\r"a"\r"b\rc\r', 3, "unexpected end of data"),
    "an open quote of tabs": ("t.tsv", 'id\ttext\n,\t"a\n', 2, "unexpected end of data"),
    "two keys text": ("t.jsonl", '\n{"text": "a", "text": "b"}\n', 2, "the key 'text' is there twice"),
    "two keys, inside": (
        "t.jsonl", '{"text": "a", "meta": [{"x": 1, "x": 2}]}\n', 1, "the key 'x' is there twice"
    ),
    "too large": ("t.jsonl", '{"text": "a"}\n{"text": "a", "n": 1e400}\n', 2, "1e400 is too large"),
    "too large, inside": ("t.jsonl", '{"text": "a", "n": [[-1E999]]}\n', 1, "-1E999 is too large"),
    "not a number": ("t.jsonl", '{"text": "a"}\n{"text": "a", "n": NaN}\n', 2, "NaN or Infinity"),
    "infinity": ("t.jsonl", '{"text": "a", "n": {"x": -Infinity}}\n', 1, "NaN or Infinity"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_lost_is_refused_by_line(found, case):
    name, content, line, message = REFUSED[case]
    result = found(name, content)
    assert result.exit_code == 1 and result.records is None
    assert f"{name}, line {line}: " in result.flat and message in result.flat, result.flat


def test_a_key_twice_in_a_rule(tmp_path):
    path = tmp_path / "patterns.jsonl"
    path.write_text('{"label": "A", "pattern": [{"LOWER": "a", "LOWER": "b"}]}\n')
    with pytest.raises(InputError, match="patterns.jsonl, line 1: .*'LOWER' is there twice"):
        list(read_patterns(path))


def test_what_only_json_can_not_express(found, tmp_path):
    """Nothing of it is in docs, and in a table all is text."""
    assert found("t.jsonl", '{"text": "a", "n": NaN}\n', "out.spacy").exit_code == 0
    result = found("t.csv", "text,n\na,1e400\nb,NaN\n")
    assert [record["n"] for record in result.records] == ["1e400", "NaN"]


# --- Kept


KEPT = {
    "a column without a name, as pandas writes": (
        "t.csv", ",text\n0,iPhone 8\n", [{"": "0", "text": "iPhone 8", "spans": [SPAN]}]
    ),
    "empty cells at the end, as spreadsheets write": (
        "t.csv", "text,id\niPhone 8,1,,\nb,,\n",
        [{"text": "iPhone 8", "id": "1", "spans": [SPAN]}, {"text": "b", "id": "", "spans": []}],
    ),
    "cells that are missing": (
        "t.csv", "text,id\nb\n,2\n",
        [{"text": "b", "spans": []}, {"text": "", "id": "2", "spans": []}],
    ),
    "quotes": (
        "t.tsv", 'text\tid\n"a ""b""\n\nc"\t"\r"\n', [{"text": 'a "b"\n\nc', "id": "\r", "spans": []}]
    ),
    "numbers": (
        "t.jsonl", '{"text": "b", "n": [1.5, 12345678901234567890123, 1e308, -0.0]}\n',
        [{"text": "b", "n": [1.5, 12345678901234567890123, 1e308, -0.0], "spans": []}],
    ),
    "no spans": (
        "t.jsonl", '{"text": "b", "spans": []}\n{"spans": null, "text": "c"}\n',
        [{"text": "b", "spans": []}, {"text": "c", "spans": []}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_what_comes_back(found, case):
    name, content, expected = KEPT[case]
    result = found(name, content)
    assert result.exit_code == 0 and "'spans' is there already" not in result.flat
    assert result.records == expected


@pytest.mark.parametrize(
    "name, content, line",
    [
        ("t.csv", 'text,spans\n"a\nb",\niPhone 8,0-8\nc,x\n', 4),
        ("t.jsonl", '{"text": "a"}\n{"text": "iPhone 8", "spans": "old"}\n{"text": "c", "spans": [1]}\n', 2),
    ],
)  # fmt: skip
def test_spans_that_are_replaced_are_told_of(found, name, content, line):
    result = found(name, content)
    assert result.exit_code == 0
    assert f"{name}, line {line}: 'spans' is there already" in result.flat
    assert "To keep the old ones, give them another name" in result.flat
    assert [record["spans"] for record in result.records] == [[], [SPAN], []]


# No character that a table can't have (NUL on Python 3.10) or no file
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(st.data(), st.lists(CELLS, unique=True, max_size=3), st.sampled_from(",\t"))
def test_every_table_comes_back(tmp_path_factory, data, names, delimiter):
    columns = data.draw(st.permutations([*{*names, "text"}]))
    row = st.lists(CELLS, min_size=len(columns), max_size=len(columns))
    rows = data.draw(st.lists(row, max_size=4))
    path = tmp_path_factory.getbasetemp() / ("t.csv" if delimiter == "," else "t.tsv")
    with path.open("w", encoding="utf8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([columns, *rows])
    found = list(read_records(path))
    assert [record for _, record in found] == [dict(zip(columns, row)) for row in rows]
    numbers = [where.number for where, _ in found]
    assert numbers == sorted(set(numbers))


@settings(deadline=None, max_examples=300)
@given(
    st.text(st.sampled_from('text",\t\r\n\ufeff a1'), max_size=40),
    st.sampled_from(["t.csv", "t.tsv", "t.txt"]),
)
def test_a_broken_table_has_a_line(tmp_path_factory, content, name):
    """Nothing is raised but errors that name a line of the file, and one that is not empty."""
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(f"text,id\n{content}".encode() if len(content) % 2 else content.encode())
    try:
        list(read_records(path))
    except InputError as error:
        number = int(str(error).split(", line ")[1].split(":")[0])
        lines = path.read_bytes().splitlines()
        assert 1 <= number <= len(lines) and lines[number - 1]


NUMBERS = st.floats(allow_nan=True) | st.integers()
VALUES = st.recursive(
    NUMBERS | st.text(max_size=3) | st.none(),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.text(max_size=2), values),
    max_leaves=4,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), min_size=1, max_size=3))
def test_every_record_comes_back_or_is_named(pipeline, tmp_path_factory, records):
    folder = tmp_path_factory.getbasetemp()
    records = [{**record, "text": "a"} for record in records]
    path, out = write_jsonl(folder / "any.jsonl", records), folder / "any_out.jsonl"
    out.unlink(missing_ok=True)
    result = invoke(predict_cli, path, pipeline, out)
    bad = [n for n, record in enumerate(records, 1) if not is_json(record)]
    if bad:
        assert result.exit_code == 1 and f"any.jsonl, line {bad[0]}: " in result.flat
        assert not out.exists()
    else:
        assert result.exit_code == 0 and read_jsonl(out) == [{**r, "spans": []} for r in records]


def is_json(record) -> bool:
    try:
        return bool(json.dumps(record, allow_nan=False))
    except ValueError:
        return False


# --- Lines


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_every_end_of_a_line_is_one(found, tmp_path, end, bom):
    texts = ["iPhone 8", "", "b"]
    contents = {
        "t.txt": texts,
        "t.csv": ["text", *(f'"{text}"' for text in texts)],
        "t.jsonl": [json.dumps({"text": text}) for text in texts],
    }
    for name, lines in contents.items():
        result = found(name, bom + end.join(lines))
        assert [record["text"] for record in result.records] == texts
        places = [where.number for where, _ in read_texts(tmp_path / name)]
        assert places == ([2, 3, 4] if name == "t.csv" else [1, 2, 3])


def test_ends_of_lines_may_be_mixed(found):
    result = found("t.txt", b"a\rb\r\nc\n\rd\xe2\x80\xa8e\x0bf")
    assert [record["text"] for record in result.records] == ["a", "b", "c", "", "d\u2028e\x0bf"]


def test_an_error_names_the_line(found):
    result = found("t.txt", b"a\rb\r\nc\xff\n")
    assert "t.txt, line 3: Not UTF-8: invalid start byte at byte 2" in result.flat


# --- Folders


@linked
@pytest.mark.parametrize("target", ["nowhere.txt", "other"])
def test_a_link_in_a_folder_is_not_passed_over(pipeline, tmp_path, target):
    folder = tmp_path / "texts"
    (tmp_path / "other").mkdir()
    folder.mkdir()
    (folder / "a.txt").write_text("a\n")
    (folder / ".hidden").symlink_to("nowhere")
    assert invoke(predict_cli, folder, pipeline, tmp_path / "out.jsonl").exit_code == 0
    (folder / "b.txt").symlink_to(tmp_path / target)
    result = invoke(predict_cli, folder, pipeline, tmp_path / "out.jsonl")
    assert result.exit_code == 1 and "b.txt: The link leads to no file" in result.flat
    (folder / "b.txt").unlink()
    (tmp_path / "b.txt").write_text("b\n")
    (folder / "b.txt").symlink_to(tmp_path / "b.txt")
    assert [text for _, text in read_texts(folder)] == ["a", "b"]
