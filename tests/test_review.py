"""Review in a real pseudo-terminal: what is shown, and that no answer is ever lost."""

import os
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from helpers.running import door, environment, invoke, read_jsonl, write_jsonl
from helpers.suggest_data import make_files, make_suggester

from review import fit, review_cli

pty = pytest.importorskip("pty", reason="needs a Unix terminal")
fcntl = pytest.importorskip("fcntl", reason="needs a Unix terminal")
termios = pytest.importorskip("termios", reason="needs a Unix terminal")
PROMPT = "(q)uit"


@pytest.fixture
def files(tmp_path):
    files = make_files(tmp_path)
    make_suggester(files).add(files["suggestions"], 4)
    return files


def own_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """The real command with a terminal of its own, as a person has it before them."""

    def __init__(self, files, *options, **env):
        self.main, self.side = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, *door("review", *files.values(), *options)],
            stdin=self.side,
            stdout=self.side,
            stderr=self.side,
            start_new_session=True,
            # The terminal belongs to it, so that Ctrl-C and hanging up reach it
            preexec_fn=own_terminal,
            env={**environment(), "TERM": "xterm", "COLUMNS": "80", **env},
        )
        os.close(self.side)

    def read(self, until=PROMPT, timeout=60):
        """RETURNS (str): All that is shown up to some words, or to the end."""
        shown, end = "", time.monotonic() + timeout
        while until not in shown:
            assert time.monotonic() < end, f"no {until!r} in: {shown}"
            if select.select([self.main], [], [], 0.1)[0]:
                try:
                    chunk = os.read(self.main, 65536)
                except OSError:  # closed, on Linux
                    break
                if not chunk:
                    break
                shown += chunk.decode("utf8", "replace")
        return shown

    def press(self, key):
        # The command drops what was typed before it asks
        time.sleep(0.1)
        os.write(self.main, key.encode())

    def ask(self, key):
        self.press(key)
        return self.read()

    def finish(self):
        shown = self.read(until="\0")
        self.process.wait(10)
        os.close(self.main)
        return shown


def answers(files):
    return [record["answer"] for record in read_jsonl(files["suggestions"])]


@pytest.mark.slow
def test_each_key_does_what_it_says(files):
    records = read_jsonl(files["suggestions"])
    terminal = Terminal(files, NO_COLOR="1")
    shown = terminal.read()
    assert f"[{records[0]['text']}]" in shown and "0 answers" in shown
    assert shown.count(f"[{records[0]['text']}]") >= 2  # in its contexts, too
    shown = terminal.ask("a")
    # The answer is in the file before the next question is there
    assert answers(files) == ["accept", None, None, None]
    assert f"1 answer, about {records[0]['count']} more matches in the texts, 3 left" in shown
    terminal.ask("r")
    terminal.ask("i")
    assert answers(files) == ["accept", "reject", "ignore", None]
    assert "Taken back" in terminal.ask("u")
    assert answers(files) == ["accept", "reject", None, None]
    assert "Your answer: [reject]" in terminal.ask("b")
    assert answers(files) == ["accept", "reject", None, None]
    terminal.ask("A")
    assert answers(files) == ["accept", "accept", None, None]
    for key in ("x", "\x1b[A", " "):  # A of the arrow key is no answer
        terminal.ask(key)
    terminal.ask("u")
    assert answers(files) == ["accept", "reject", None, None]
    terminal.press("q")
    assert "2 answers" in terminal.finish()
    assert terminal.process.returncode == 0


@pytest.mark.slow
def test_goes_on_with_new_suggestions_until_nothing_is_left(files):
    terminal = Terminal(files, "--n-suggestions", "2")
    terminal.read()
    for _ in range(3):
        terminal.ask("a")
    shown = terminal.ask("a")
    assert "Ranking" in shown and answers(files) == ["accept"] * 4 + [None] * 2
    terminal.ask("r")
    terminal.press("q")
    terminal.finish()
    records = read_jsonl(files["suggestions"])
    assert len({(record["label"], record["text"]) for record in records}) == 6


@pytest.mark.slow
@pytest.mark.parametrize("how", ["ctrl-c", "kill", "hang up", "ctrl-d"])
def test_no_way_to_end_it_loses_an_answer(files, how):
    terminal = Terminal(files)
    terminal.read()
    terminal.ask("r")
    if how == "kill":
        os.kill(terminal.process.pid, signal.SIGKILL)
    elif how == "hang up":
        os.close(terminal.main)
    else:
        terminal.press("\x03" if how == "ctrl-c" else "\x04")
        shown = terminal.finish()
        assert "Traceback" not in shown and "1 answer," in shown
        assert terminal.process.returncode == 0
    terminal.process.wait(10)
    assert answers(files) == ["reject", None, None, None]
    again = Terminal(files)
    assert "1 answer," in again.read()
    again.press("q")
    again.finish()


@pytest.mark.slow
def test_texts_can_not_steer_the_terminal(files):
    record = read_jsonl(files["suggestions"])[0]
    record.update(text="pl\x1b[2Jum", examples=["a pl\x1b[2Jum \x07\u202e\nnext", 7], count="many")
    write_jsonl(files["suggestions"], [record])
    terminal = Terminal(files, NO_COLOR="1")
    shown = terminal.read()
    terminal.press("q")
    terminal.finish()
    assert not re.search("[\x1b\x07\u202e]", shown) and "[pl\ufffd[2Jum]" in shown


@pytest.mark.slow
def test_colour_only_where_it_is_wanted(files):
    shown = {}
    for term in ("xterm", "dumb"):
        terminal = Terminal(files, TERM=term)
        shown[term] = terminal.read()
        terminal.press("q")
        terminal.finish()
    assert "\x1b[" in shown["xterm"] and "\x1b" not in shown["dumb"]


@pytest.mark.slow
def test_edited_by_somebody_else_meanwhile(files):
    terminal = Terminal(files)
    terminal.read()
    records = read_jsonl(files["suggestions"])
    records[3]["answer"] = "accept"
    write_jsonl(files["suggestions"], records)
    terminal.ask("r")
    assert answers(files) == ["reject", None, None, "accept"]
    write_jsonl(files["suggestions"], read_jsonl(files["suggestions"])[:1])
    terminal.press("a")
    shown = " ".join(terminal.finish().split())
    assert terminal.process.returncode == 1
    assert "changed by something else" in shown and "Traceback" not in shown
    assert answers(files) == ["reject"]


def test_says_what_is_asked_and_how_many_more_answers_help(files):
    files["suggestions"].unlink()
    terminal = Terminal(files)
    shown = terminal.read()
    assert "suggestions.jsonl was missing" in " ".join(shown.split())
    assert ", in capitals or not?" in shown
    terminal.press("r")
    terminal.read()
    terminal.press("q")
    assert "99 more answers bring most of what answers can" in terminal.finish()


def test_without_a_terminal_it_says_what_to_do(files):
    result = invoke(review_cli, *files.values())
    assert result.exit_code == 1 and "no terminal" in result.flat


@pytest.mark.slow
def test_fits_a_narrow_window(files):
    records = read_jsonl(files["suggestions"])
    term = records[0]["text"]
    records[0].update(count=1, examples=[f"{'long ' * 40}{term}{' text' * 40}", "x" * 200, term])
    write_jsonl(files["suggestions"], records)
    terminal = Terminal(files, NO_COLOR="1", COLUMNS="80")
    shown = terminal.read()
    assert (
        "(once)" in shown
        and f"0 answers, about 0 more matches in the texts, {len(records)} left" in shown
    )
    assert "no answer to take back" in terminal.ask("u")
    assert "the first question" in terminal.ask("b")
    terminal.press("q")
    terminal.finish()
    lines = shown[shown.index("0 answers") :].splitlines()
    assert len(lines) > 5 and max(map(len, lines)) <= 80
    assert [line.strip() for line in lines if f"[{term}]" in line][-1] == f"[{term}]"


@pytest.mark.parametrize(
    "before, after", [("ab " * 50, " yz" * 50), ("", " yz" * 50), ("ab " * 50, ""), ("a ", " z")]
)
@pytest.mark.parametrize("width", [20, 40, 80])
def test_term_stays_in_sight(before, after, width):
    parts = [part for part in [(before, False), ("pixel", True), (after, False)] if part[0]]
    shown = fit(parts, width)
    text = "".join(part for part, _ in shown)
    assert ("pixel", True) in shown and len(text) == min(width, len(before + after) + 5)
    assert ("…" in text) == (len(before + after) + 5 > width)
