"""Anything as input: a door ends with 0 or 1, never in a traceback, and changes nothing of a person's."""

import json
import sys
from pathlib import Path

import pytest
from helpers.running import COURSE_PATTERNS, COURSE_TEXTS, write_jsonl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convert import convert_cli
from import_annotations import import_cli
from predict import predict_cli
from shared.commands import run
from suggest import suggest_cli

pytestmark = pytest.mark.slow

# Letters of many kinds: emoji, combining and zero-width marks, right-to-left, control, half a pair
LETTERS = st.sampled_from(
    list("aZ9 .,;:'\"$\\/{}[]|\t\n\r\0\x1b\u202e\u200b\u0301é😄漢ע\ud83d") + ["iPhone 8"]
)
TEXT = st.lists(LETTERS, max_size=12).map("".join)
NUMBER = st.one_of(
    st.integers(-3, 30),
    st.sampled_from([2**31, 2**63, -(2**70), 1e400, float("nan"), 0.5, True, None]),
)
ANY = st.recursive(
    st.one_of(TEXT, NUMBER),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
LABEL = st.one_of(st.sampled_from(["GADGET", "", " ", "A-B", "None"]), ANY)
SPAN = st.one_of(
    st.fixed_dictionaries({}, optional={"start": NUMBER, "end": NUMBER, "label": LABEL}),
    st.lists(st.one_of(NUMBER, LABEL), max_size=4),
    ANY,
)
TOKEN = st.one_of(
    st.dictionaries(
        st.sampled_from("LOWER lower ORTH TEXT REGEX OP IS_DIGIT _ POS IS_SENT_START X".split()),
        st.one_of(
            TEXT,
            st.booleans(),
            st.sampled_from(["?", "*", "{1,3}", "(", "[a-z", "\ud83d"]),
            st.dictionaries(st.sampled_from("REGEX IN NOT_IN FUZZY >= X".split()), ANY, max_size=2),
        ),
        max_size=2,
    ),
    ANY,
)
# Records of each file: most keys are right, so that what is below them is reached
RECORDS = {
    "texts": st.one_of(st.fixed_dictionaries({"text": st.one_of(TEXT, ANY)}), ANY),
    "gold": st.fixed_dictionaries(
        {"text": st.one_of(st.sampled_from(COURSE_TEXTS), TEXT, ANY)},
        optional={
            "spans": st.one_of(st.lists(SPAN, max_size=3), ANY),
            "answer": st.one_of(st.sampled_from(["accept", "reject"]), ANY),
            "entities": st.one_of(st.lists(SPAN, max_size=3), ANY),
            "label": st.one_of(st.lists(SPAN, max_size=3), ANY),
        },
    ),
    "patterns": st.fixed_dictionaries(
        {"label": LABEL, "pattern": st.one_of(TEXT, st.lists(TOKEN, max_size=3), ANY)},
        optional={"id": ANY},
    ),
    "suggestions": st.fixed_dictionaries(
        {"text": st.one_of(TEXT, ANY), "label": LABEL},
        optional={"answer": st.one_of(st.sampled_from(["accept", "reject", "ignore"]), ANY)},
    ),
}
RECORDS["annotated"] = RECORDS["gold"]
LINES = {name: st.lists(record, max_size=4) for name, record in RECORDS.items()}
TABLE = st.lists(
    st.lists(st.one_of(st.sampled_from(["text", "spans", "id"]), TEXT), max_size=4), max_size=5
)
VALUES = st.one_of(
    TEXT, st.sampled_from(["-1", "0", "1", "1e9", "nan", "en", "xx", "skip", "../x", "en.x"])
)
EXAMPLES = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def dump(records) -> str:
    # With lone surrogates as escapes, as JSON has them
    return "".join(json.dumps(record) + "\n" for record in records)


def ends(command, *args) -> int:
    """RETURNS (int): The exit code of a door, run as from a command line. A traceback fails."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["door.py", *map(str, args)])
        run(command)
    assert ended.value.code in (0, 1)
    return ended.value.code


@pytest.fixture
def files(tmp_path):
    """Small, valid files, and one beside each that is nobody's business."""
    texts = [{"text": f"{text} ({n})"} for n in range(6) for text in COURSE_TEXTS]
    paths = {
        "texts": write_jsonl(tmp_path / "texts.jsonl", texts),
        "patterns": write_jsonl(tmp_path / "patterns.jsonl", COURSE_PATTERNS),
        **{
            name: write_jsonl(tmp_path / f"{name}.jsonl", [])
            for name in ("gold", "suggestions", "annotated")
        },
    }
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf8")
    return paths


def convert_args(files, folder: Path):
    names = ("texts", "patterns", "gold", "suggestions")
    return (
        *(files[n] for n in names),
        folder / "corpus",
        folder / "rules",
        "--annotated",
        files["annotated"],
    )


def contents(folder: Path, *made: str):
    """RETURNS (dict): All files but those that the command may make."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in made
    }


@pytest.mark.parametrize("name", list(RECORDS))
def test_convert_takes_any_records(name, files, tmp_path):
    valid = files[name].read_bytes()

    @EXAMPLES
    @given(LINES[name], st.sampled_from(["fail", "skip"]))
    def check(records, bad_spans):
        lines = dump(records).encode("utf8")
        files[name].write_bytes(lines + valid if name in ("texts", "patterns") else lines)
        before = contents(tmp_path, "corpus", "rules")
        ends(convert_cli, *convert_args(files, tmp_path), "--bad-spans", bad_spans)
        assert contents(tmp_path, "corpus", "rules") == before

    check()


def test_convert_takes_any_bytes(files, tmp_path):
    @EXAMPLES
    @given(st.sampled_from(sorted(files)), st.binary(max_size=60))
    def check(name, content):
        valid = files[name].read_bytes()
        files[name].write_bytes(content)
        try:
            ends(convert_cli, *convert_args(files, tmp_path))
            assert files[name].read_bytes() == content
        finally:
            files[name].write_bytes(valid)

    check()


def test_convert_takes_any_values(files, tmp_path):
    @EXAMPLES
    @given(st.sampled_from(["--lang", "--bad-spans", "--n-process"]), VALUES)
    def check(option, value):
        if option == "--n-process" and value == "1e9":
            return
        before = contents(tmp_path, "corpus", "rules")
        ends(convert_cli, *convert_args(files, tmp_path), f"{option}={value}")
        assert contents(tmp_path, "corpus", "rules") == before

    check()


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_convert_takes_any_table(ending, files, tmp_path):
    table = tmp_path / f"table.{ending}"
    sign = "," if ending == "csv" else "\t"

    @EXAMPLES
    @given(TABLE)
    def check(rows):
        content = "\n".join(sign.join(row) for row in [["text", "id"], *rows])
        table.write_bytes(content.encode("utf8", "replace"))
        before = table.read_bytes()
        ends(convert_cli, table, *convert_args(files, tmp_path)[1:])
        assert table.read_bytes() == before

    check()


def test_import_takes_any_records(files, tmp_path):
    source = tmp_path / "source.jsonl"

    @EXAMPLES
    @given(
        LINES["gold"],
        st.sampled_from(["auto", "prodigy", "doccano", "label-studio", "spacy-json"]),
        VALUES,
    )
    def check(records, format_, label_map):
        source.write_text(dump(records), encoding="utf8")
        before = files["gold"].read_bytes()
        args = (source, files["gold"], files["annotated"], "--as", "gold", "--format", format_)
        ends(import_cli, *args, f"--label-map={label_map}", "--bad-spans", "skip")
        after = files["gold"].read_bytes()
        assert after.startswith(before)
        files["gold"].write_bytes(b"")

    check()


def test_suggest_takes_any_answers(files, tmp_path):
    names = ("texts", "patterns", "gold", "suggestions", "annotated")

    @settings(EXAMPLES, max_examples=10)
    @given(LINES["suggestions"])
    def check(records):
        content = dump(records).encode("utf8")
        files["suggestions"].write_bytes(content)
        ends(suggest_cli, *(files[n] for n in names), tmp_path / "corpus" / "c.npz")
        assert files["suggestions"].read_bytes().startswith(content)

    check()


def test_predict_takes_any_records_and_keeps_their_other_keys(files, tmp_path):
    ends(convert_cli, *convert_args(files, tmp_path))
    output = tmp_path / "out" / "found.jsonl"

    @settings(EXAMPLES, max_examples=15)
    @given(LINES["texts"])
    def check(records):
        files["texts"].write_text(dump(records), encoding="utf8")
        before = contents(tmp_path, "out")
        code = ends(predict_cli, files["texts"], tmp_path / "rules", output)
        assert contents(tmp_path, "out") == before
        if code == 0:
            for line in output.read_text(encoding="utf8").splitlines():
                assert "spans" in json.loads(line, parse_constant=pytest.fail)

    check()
