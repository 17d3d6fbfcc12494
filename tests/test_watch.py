"""The watch over convert: what hangs or crashes is left out and told of, and nothing else changes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import srsly
from helpers.converting import made, run_cli, run_convert, texts_of
from helpers.running import LANG, door, environment, read_jsonl, run, write_jsonl

from labelling.slow import MAX_TEXTS
from reading.splits import SIDES, split, text_hash
from shared import watching

LIMIT = 2  # seconds
BACKTRACKS = {"label": "GADGET", "pattern": [{"LOWER": {"REGEX": "^(a+)+$"}}], "id": "backtracks"}
HANGS = "a" * 60 + "b"
EMOJI = "\U0001f600" * 10_000
needs_kill = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")


def arguments(inputs, *options):
    """RETURNS (list): What makes Python run convert on the inputs."""
    paths = (inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions)
    return door("convert", *paths, inputs.corpus, inputs.rules, "--lang", LANG, *options)


def watched(inputs, *options, **kwargs):
    """RETURNS (CompletedProcess): How convert ended; "flat" is what it printed, on one line."""
    result = run(*arguments(inputs, *options), cwd=inputs.folder, check=False, **kwargs)
    assert "Traceback" not in result.stdout + result.stderr, result.stderr
    result.flat = " ".join(result.stdout.split())
    return result


def add(path, *records):
    """Add records behind the others. RETURNS (int): The last one's line."""
    records = [*read_jsonl(path), *records]
    write_jsonl(path, records)
    return len(records)


def on_side(text, side):
    """RETURNS (str): The text, changed a little so that it is on that side."""
    texts = (f"{text} {number}" for number in range(1000))
    return next(text for text in texts if SIDES[split(text_hash(text), [])[0]] == side)


def left_out(inputs):
    return srsly.read_json(inputs.corpus / "stats.json")["left_out"]


# --- What hangs

LONG_WORDS = [letter * 99_900 for letter in "abcdefghijklmnop"]
# The pattern, the text, and the side that the text is on
TEXTS = {
    "backtracks": (BACKTRACKS["pattern"], HANGS, "train"),
    "operator": ([{"LOWER": "odd"}, {"OP": "{1,100}"}], "odd" + " so" * 60, "dev"),
    "fuzzy": ([{"LOWER": {"FUZZY": {"IN": LONG_WORDS}}}], "xy" * 50_000, "train"),
    "emoji": ("zorb", EMOJI, "test"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", TEXTS)
def test_a_text_that_hangs_is_left_out(case, inputs):
    pattern, text, side = TEXTS[case]
    add(inputs.patterns, {"label": "GADGET", "pattern": pattern, "id": case})
    stats = run_convert(inputs)
    expected = made(inputs)
    again = read_jsonl(inputs.texts)[0]  # a duplicate, so that the text is not the last one
    number = add(inputs.texts, {"text": on_side(text, side)}, again) - 1
    result = watched(inputs, "--max-seconds", LIMIT)
    assert result.returncode == 0, result.stdout
    what, rule = (
        (f"the rule '{case}'", case) if case != "emoji" else ("to cut it into tokens", None)
    )
    why = f"{what} takes more than {LIMIT} s"
    assert f"texts.jsonl, line {number} is left out: {why}" in result.flat
    assert "Left out 1 that took too long" in result.flat
    path = inputs.corpus / "stats.json"
    found = srsly.read_json(path)
    entry = {"file": str(inputs.texts), "line": number, "rule": rule, "why": why}
    assert found == {
        **stats,
        "texts": stats["texts"] + 2,
        "dropped": {**stats["dropped"], "duplicate": 1},
        "left_out": [entry],
    }
    assert {**made(inputs), path: b""} == {**expected, path: b""}


@pytest.mark.slow
def test_texts_that_hang_in_several_processes(inputs):
    add(inputs.patterns, BACKTRACKS)
    texts = [f"{r['text']} {n} " + "so " * 2500 for n in range(2) for r in read_jsonl(inputs.texts)]
    assert sum(map(len, texts)) > 2**20  # several blocks
    write_jsonl(inputs.texts, [{"text": text} for text in texts])
    run_convert(inputs)
    expected = {
        name: texts_of(inputs.corpus / name) for name in ("train", "dev.spacy", "test.spacy")
    }
    for place in (170, 20):
        texts.insert(place, on_side(f"{HANGS} {place}", "train"))
    write_jsonl(inputs.texts, [{"text": text} for text in texts])
    result = watched(inputs, "--max-seconds", LIMIT, "--n-process", 2)
    assert result.returncode == 0, result.stdout
    assert [(entry["line"], entry["rule"]) for entry in left_out(inputs)] == [
        *((21, "backtracks"), (172, "backtracks"))
    ]
    assert expected == {name: texts_of(inputs.corpus / name) for name in expected}


LINES = {
    "gold": {"text": EMOJI},
    "annotated": {"text": EMOJI},
    "suggestions": {"text": EMOJI, "label": "GADGET"},
    "patterns": {"label": "GADGET", "pattern": [{"OP": "{10000000}"}]},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_a_line_that_hangs_is_told(name, inputs):
    inputs.annotated = write_jsonl(inputs.folder / "annotated.jsonl", [{"text": "one"}])
    number = add(getattr(inputs, name), LINES[name])
    result = watched(inputs, "--max-seconds", LIMIT, "--annotated", inputs.annotated)
    assert result.returncode == 1
    assert f"{name}.jsonl, line {number}: To use this takes more than {LIMIT} s" in result.flat
    assert not inputs.corpus.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gold", "annotated"])
def test_a_line_at_which_a_rule_hangs_is_told(name, inputs):
    inputs.annotated = write_jsonl(inputs.folder / "annotated.jsonl", [{"text": "one"}])
    add(inputs.patterns, BACKTRACKS)
    number = add(getattr(inputs, name), {"text": HANGS})
    result = watched(inputs, "--max-seconds", LIMIT, "--annotated", inputs.annotated)
    assert result.returncode == 1
    assert f"{name}.jsonl, line {number}: To use this takes more than {LIMIT} s" in result.flat


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [HANGS, EMOJI], ids=["long", "emoji"])
def test_a_rule_that_hangs_is_told(pattern, inputs):
    """A phrase is compared with the other rules, and cut into tokens before that."""
    add(inputs.patterns, BACKTRACKS, {"label": "OTHER", "pattern": pattern, "id": "long"})
    result = watched(inputs, "--max-seconds", LIMIT)
    assert result.returncode == 1
    assert f"To use the rule 'long' takes more than {LIMIT} s: \"{pattern[:5]}" in result.flat


@pytest.mark.slow
def test_without_a_limit_what_ends_is_labelled(inputs):
    _, text, _ = TEXTS["fuzzy"]
    add(inputs.patterns, {"label": "GADGET", "pattern": TEXTS["fuzzy"][0]})
    add(inputs.texts, {"text": on_side(text, "train")})
    result = watched(inputs, "--max-seconds", 0)
    assert result.returncode == 0 and left_out(inputs) == []
    assert any(text in other for other in texts_of(inputs.corpus / "train"))


# --- What crashes, and who ends whom


class Hanging:
    """A convert that hangs at a text, without a limit."""

    def __init__(self, inputs):
        add(inputs.patterns, BACKTRACKS)
        self.number = add(inputs.texts, {"text": on_side(HANGS, "train")})
        self.folder = inputs.folder / "tmp"
        self.folder.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, *map(str, arguments(inputs, "--max-seconds", 0))],
            cwd=inputs.folder,
            env={**environment(), "TMPDIR": str(self.folder)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def at(self, attempt, kind, number):
        """RETURNS (int): The process that notes it is at something, as soon as it does."""
        for _ in range(600):
            for path in self.folder.glob(f"*/{attempt}/*"):
                content = path.read_bytes()
                if f'"{kind}"'.encode() in content:
                    if watching.HEAD.unpack_from(content)[1] == number:
                        return int(path.name)
            assert self.process.poll() is None, self.process.communicate()[0]
            time.sleep(0.1)
        raise AssertionError(f"never at a {kind}")


@pytest.fixture
def hanging(inputs):
    started = Hanging(inputs)
    try:
        yield started
    finally:
        try:
            os.killpg(started.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all have ended
        started.process.wait()


def has_ended(pid):
    """RETURNS (bool): Whether a process ends within some seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@needs_kill
def test_a_text_that_crashes_is_left_out(inputs, hanging):
    os.kill(hanging.at(0, "text", hanging.number), signal.SIGKILL)
    os.kill(hanging.at(1, "trial", 4), signal.SIGKILL)  # the tokenizer is 1, then come the rules
    output = " ".join(hanging.process.communicate()[0].split())
    assert hanging.process.returncode == 0, output
    why = "the rule 'backtracks' needs too much memory, or crashes"
    assert f"texts.jsonl, line {hanging.number} is left out: {why}" in output
    assert [entry["line"] for entry in left_out(inputs)] == [hanging.number]


@pytest.mark.slow
@needs_kill
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_what_hangs(name, inputs, hanging):
    pid = hanging.at(0, "text", hanging.number)
    os.kill(hanging.process.pid, getattr(signal, name))
    output = hanging.process.communicate(timeout=30)[0]
    assert hanging.process.returncode == 1 and "Traceback" not in output
    assert has_ended(pid) and not inputs.corpus.joinpath("stats.json").exists()
    assert not list(hanging.folder.iterdir())


@pytest.mark.slow
@needs_kill
def test_the_command_ends_with_its_watch(inputs, hanging):
    """It may be at work, but not in the middle of a regular expression."""
    for _ in range(600):  # as soon as there is one that could be killed
        if list(hanging.folder.glob("*/0")):
            break
        time.sleep(0.01)
    (child,) = subprocess.check_output(
        ["ps", "-o", "pid=", "--ppid", str(hanging.process.pid)], text=True
    ).split()
    hanging.process.kill()
    assert has_ended(int(child))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory")
def test_a_text_that_takes_all_memory_is_left_out(inputs):
    import resource

    pattern, text, _ = TEXTS["operator"]
    add(inputs.patterns, {"label": "GADGET", "pattern": pattern, "id": "operator"})
    number = add(inputs.texts, {"text": on_side(text, "train")})
    result = watched(
        inputs,
        *("--max-seconds", 0),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)),
    )
    assert result.returncode == 0, result.stdout
    assert f"line {number} is left out: the rule 'operator' needs too much memory" in result.flat


# --- What an attempt makes of those before it


@pytest.fixture
def stuck(tmp_path, monkeypatch):
    """RETURNS (Callable): Makes convert believe that it was stuck."""
    monkeypatch.setattr(watching, "take_notes", lambda *args: None)
    monkeypatch.setattr(watching, "folder", tmp_path / "notes" / "1")
    (tmp_path / "notes").mkdir()

    def do(*found):
        entries = [{"limit": 2.0, "pid": 1, **entry} for entry in found]
        write_jsonl(tmp_path / "notes" / "stuck.jsonl", entries)

    return do


def test_a_text_that_is_not_to_blame_is_labelled(inputs, stuck):
    run_convert(inputs)
    expected = made(inputs)
    stuck({"kind": "text", "at": 7}, {"kind": "text", "at": 9, "died": True})
    assert run_convert(inputs)["left_out"] == []
    assert made(inputs) == expected


def test_a_text_that_fails_again_and_again_is_left_out(inputs, stuck):
    stuck({"kind": "text", "at": 7}, {"kind": "text", "at": 9}, {"kind": "text", "at": 7})
    result = run_cli(inputs)
    assert result.exit_code == 0
    assert "texts.jsonl, line 7 is left out: labelling it fails again and again" in result.flat
    assert [entry["line"] for entry in left_out(inputs)] == [7]


def test_a_rule_that_hangs_on_many_texts_is_to_be_mended(inputs, stuck):
    for n_texts in (MAX_TEXTS, MAX_TEXTS + 1):
        found = [
            entry
            for number in range(n_texts)
            for entry in (
                {"kind": "text", "at": number + 1},
                {"kind": "trial", "text": number, "at": 3},
            )
        ]
        stuck(*found)
        result = run_cli(inputs)
        assert result.exit_code == (n_texts > MAX_TEXTS), result.output
    assert f"'patterns:2' takes too long on more than {MAX_TEXTS} texts: {{LOWER" in result.flat


def test_a_text_near_the_limit_is_told(inputs):
    result = run_cli(inputs, "--max-seconds", 1e-6)
    assert result.exit_code == 0
    n_texts = sum(len(texts_of(inputs.corpus / f)) for f in ("train", "dev.spacy", "test.spacy"))
    assert f"{n_texts} text(s) took a long time to label" in result.flat
    assert "texts.jsonl, line " in result.flat and left_out(inputs) == []
    assert "a long time" not in run_cli(inputs, "--max-seconds", 1000).output
    assert "a long time" not in run_cli(inputs, "--max-seconds", 0).output


@pytest.mark.parametrize("value", ["-1", "nan", "-inf"])
def test_what_is_no_limit_is_told(value, inputs):
    result = run_cli(inputs, "--max-seconds", value)
    assert result.exit_code == 1 and f"max_seconds is {float(value)}" in result.flat


def test_the_watch_imports_next_to_nothing():
    """It stands before every run, and must not be felt."""
    code = "import sys, shared.watching; print(len(sys.modules), 'spacy' in sys.modules)"
    folder = Path(watching.__file__).parents[1]
    number, spacy = run("-B", "-c", code, cwd=folder).stdout.split()
    assert int(number) < 150 and spacy == "False"
