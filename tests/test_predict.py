"""predict: what is found, in every format, by any number of processes, and after a kill."""

import gzip
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from types import SimpleNamespace

import pytest
import spacy
import srsly
from helpers.little import NLP, build_rules
from helpers.running import (
    COURSE_PATTERNS,
    COURSE_TEXTS,
    LANG,
    ROOT,
    copy,
    door,
    environment,
    invoke,
    readme_commands,
    run,
    variables,
    write_jsonl,
)
from spacy.tokens import DocBin
from spacy.training import Corpus

import predict as module
from predict import predict, predict_cli
from reading.gold import read_gold
from shared.errors import InputError


def make_job(folder, n_texts) -> SimpleNamespace:
    """RETURNS (SimpleNamespace): A folder with a pipeline and texts, and what it finds in them."""
    patterns = write_jsonl(folder / "patterns.jsonl", COURSE_PATTERNS)
    nlp = build_rules(LANG, patterns, write_jsonl(folder / "none.jsonl", []))
    nlp.to_disk(folder / "pipeline")
    records = [
        {"text": f"{COURSE_TEXTS[n % 6]} №{n}", "meta": {"id": n, "half": n / 2}}
        for n in range(n_texts)
    ]
    docs = nlp.pipe(record["text"] for record in records)
    expected = [{**record, "spans": spans(doc)} for record, doc in zip(records, docs)]
    write_jsonl(folder / "in.jsonl", records)
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in expected]
    return SimpleNamespace(folder=folder, expected="".join(lines).encode())


def copy_job(made, folder) -> SimpleNamespace:
    """RETURNS (SimpleNamespace): The same to work with, and where the output goes."""
    shutil.copytree(made.folder, folder, dirs_exist_ok=True)
    return SimpleNamespace(
        texts=folder / "in.jsonl",
        pipeline=folder / "pipeline",
        output=folder / "out.jsonl",
        parts=folder / ".out.jsonl.parts",
        expected=made.expected,
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> SimpleNamespace:
    return make_job(tmp_path_factory.mktemp("few"), 900)


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> SimpleNamespace:
    return make_job(tmp_path_factory.mktemp("many"), 9000)


@pytest.fixture
def job(few, tmp_path, monkeypatch) -> SimpleNamespace:
    """Five small parts, done in this process."""
    monkeypatch.setattr(module, "PART_TEXTS", 200)
    return copy_job(few, tmp_path)


@pytest.fixture
def long_job(many, tmp_path) -> SimpleNamespace:
    """Five parts that take other processes a while."""
    return copy_job(many, tmp_path)


def spans(doc):
    return [{"start": e.start_char, "end": e.end_char, "label": e.label_} for e in doc.ents]


def flat(output: str) -> str:
    return " ".join(output.split())


# --- What is found


def test_finds_what_the_pipeline_finds_in_order(job):
    assert predict(job.texts, job.pipeline, job.output) == (900, 0)
    assert job.output.read_bytes() == job.expected
    first = json.loads(job.expected.split(b"\n")[0])
    assert first["spans"] == [{"start": 20, "end": 28, "label": "GADGET"}]
    assert sorted(path.name for path in job.output.parent.glob("*out*")) == ["out.jsonl"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_two_processes_make_the_same_and_show_how_far_they_are(long_job):
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    args = door("predict", long_job.texts, long_job.pipeline, long_job.output, "--n-process", 2)
    subprocess.run([sys.executable, *args], stderr=theirs, env=environment(), check=True)
    shown = ""
    while select.select([ours], [], [], 0)[0]:
        shown += os.read(ours, 10_000).decode()
    assert "Finding entities: 9000 texts" in shown and " texts/s]" in shown
    assert long_job.output.read_bytes() == long_job.expected


def test_docbin(job):
    """One file if the texts are few, or a folder of shards; spaCy's Corpus reads both."""
    output = job.output.with_suffix(".spacy")
    few = job.texts.with_name("few.txt")
    few.write_text("An iPhone X\nno phone\n", encoding="utf8")
    predict(few, job.pipeline, output)
    docs = list(DocBin().from_disk(output).get_docs(NLP.vocab))
    assert [doc.text for doc in docs] == ["An iPhone X", "no phone"]
    assert [(e.text, e.ent_id_) for doc in docs for e in doc.ents] == [("iPhone X", "patterns:1")]

    predict(job.texts, job.pipeline, output)  # takes the file's place
    assert [path.name for path in sorted(output.iterdir())] == [f"0000{n}.spacy" for n in range(5)]
    found = [{"text": eg.text, "spans": spans(eg.reference)} for eg in Corpus(output)(NLP)]
    records = map(json.loads, job.expected.decode().splitlines())
    assert found == [{key: record[key] for key in ("text", "spans")} for record in records]


def test_every_input_format_keeps_what_it_holds(job):
    folder = job.texts.with_name("folder")
    folder.mkdir()
    text = 'Is "iPhone X"\nnew?'
    write_jsonl(folder / "a.jsonl", [{"id": 1, "text": "iPhone 8", "spans": "old", "x": None}])
    (folder / "b.txt").write_text("\ufeffiPhone 8\n\nnothing\n", encoding="utf8")
    (folder / "c.csv").write_bytes(
        b'\xef\xbb\xbfid,text,note\r\n7,"Is ""iPhone X""\nnew?",a\r\n\r\n8,,\r\n'
    )
    (folder / "d.tsv.gz").write_bytes(gzip.compress(b"text\tid\niPhone X\t9\n"))
    (folder / "e.jsonl.gz").write_bytes(gzip.compress(b'\n{"text": "\\ud800", "k": "\\ud800"}\n'))
    predict(folder, job.pipeline, job.output)
    eight = {"start": 0, "end": 8, "label": "GADGET"}
    assert list(srsly.read_jsonl(job.output)) == [
        {"id": 1, "text": "iPhone 8", "spans": [eight], "x": None},
        {"text": "iPhone 8", "spans": [eight]},
        {"text": "", "spans": []},
        {"text": "nothing", "spans": []},
        {"id": "7", "text": text, "note": "a", "spans": [{**eight, "start": 4, "end": 12}]},
        {"id": "8", "text": "", "note": "", "spans": []},
        {"text": "iPhone X", "id": "9", "spans": [eight]},
        {"text": "\ufffd", "k": "\ufffd", "spans": []},
    ]


def test_parts_are_bounded_by_characters(job, monkeypatch):
    monkeypatch.setattr(module, "PART_CHARACTERS", 250)
    records = [{"text": "x" * 100} for _ in range(7)]
    assert [len(chunk) for chunk in module._chunks(records)] == [3, 3, 1]


def test_memory_does_not_grow_with_the_words(job):
    """Every text has new words; what a worker knows of them is gone with the part."""
    known = []
    module._start(job.pipeline)
    nlp = module._load()
    for number in range(3):
        records = [{"text": f"new{number}x{n}"} for n in range(100)]
        module._write(module.Part(job.output.with_name(f"{number}.jsonl"), records))
        known.append(len(nlp.vocab.strings))
    assert known[0] == known[1] == known[2]


# --- Killed and broken runs


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_run_goes_on(long_job):
    args = door("predict", long_job.texts, long_job.pipeline, long_job.output, "--n-process", 2)
    process = subprocess.Popen([sys.executable, *args], env=environment())
    while len(list(long_job.parts.glob("0*"))) < 2:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)  # only the main process: the others must follow
    process.wait()
    time.sleep(0.5)
    done = sorted(long_job.parts.glob("0*"))
    assert 2 <= len(done) < 5 and not long_job.output.exists()
    content = done[0].read_bytes()
    done[0].write_bytes(b"this part is not done again")
    time.sleep(1)
    assert sorted(long_job.parts.glob("0*")) == done, "a worker outlives the kill"

    output = run(*args, cwd=ROOT).stdout
    assert f"9,000 texts ({2000 * len(done):,} of them in an earlier run)" in flat(output)
    again = long_job.output.read_bytes()
    assert again.replace(b"this part is not done again", content) == long_job.expected != again
    assert not long_job.parts.exists()


def test_what_came_before_a_broken_line_is_kept(job):
    lines = job.texts.read_text("utf8").splitlines(keepends=True)
    job.texts.write_text("".join([*lines[:890], "{broken\n", *lines[891:]]), encoding="utf8")
    result = invoke(predict_cli, job.texts, job.pipeline, job.output)
    assert result.exit_code == 1
    assert "in.jsonl, line 891: Broken JSON" in result.flat
    assert not job.output.exists()
    n_done = 200 * len(list(job.parts.glob("0*")))
    assert n_done
    job.texts.write_text("".join(lines), encoding="utf8")
    assert predict(job.texts, job.pipeline, job.output) == (900, n_done)
    assert job.output.read_bytes() == job.expected


def test_parts_depend_on_texts_and_pipeline(job):
    def names():
        shutil.rmtree(job.parts, ignore_errors=True)
        with pytest.raises(InputError, match="Broken JSON"):
            predict(job.texts, job.pipeline, job.output)
        return sorted(path.name for path in job.parts.iterdir())

    lines = job.texts.read_text("utf8") + "{broken"
    job.texts.write_text(lines, encoding="utf8")
    before = names()
    assert names() == before and len(before) == 4
    job.texts.write_text(lines.replace('"id": 400', '"id": -1'), encoding="utf8")
    assert [old == new for old, new in zip(before, names())] == [True, True, False, True]
    config = job.pipeline / "config.cfg"
    config.write_text(config.read_text("utf8") + "\n", encoding="utf8")
    assert not set(before) & set(names())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_worker_is_told(long_job, monkeypatch):
    submit = ProcessPoolExecutor.submit

    def kill(pool, *args):
        future = submit(pool, *args)
        # Not while a process is being started: that can hang in Python itself
        if len(pool._processes) == 2:
            for process in list(pool._processes.values()):
                os.kill(process.pid, signal.SIGKILL)
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", kill)
    with pytest.raises(InputError, match="A process was killed"):
        predict(long_job.texts, long_job.pipeline, long_job.output, n_process=2)
    assert not long_job.output.exists()


# What is wrong, and what the message says
ERRORS = {
    "no input": (lambda job: job.texts.unlink(), "in.jsonl: The file does not exist"),
    "no texts": (lambda job: job.texts.write_text(""), "in.jsonl: No texts"),
    "format": (
        lambda job: setattr(job, "output", job.output.with_suffix(".csv")),
        "Unknown file type '.csv'",
    ),
    "same file": (
        lambda job: setattr(job, "output", job.texts),
        "The output is, or is in, the input",
    ),
    "in the input": (
        lambda job: setattr(job, "texts", job.texts.parent),
        "The output is, or is in, the input",
    ),
    "no pipeline": (
        lambda job: setattr(job, "pipeline", job.texts.with_name("none")),
        "none: There is no pipeline",
    ),
    "broken pipeline": (
        lambda job: (job.pipeline / "config.cfg").write_text("[nlp]\n"),
        "Can't load the pipeline",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input(case, job):
    spoil, message = ERRORS[case]
    before = job.texts.read_bytes()
    spoil(job)
    result = invoke(predict_cli, job.texts, job.pipeline, job.output)
    assert result.exit_code == 1, result.output
    assert message in result.flat
    if job.output.exists():
        assert job.output.read_bytes() == before


# --- As a command of the project


@pytest.mark.slow
def test_command_of_the_readme(finished, tmp_path):
    (args,) = readme_commands("Use it on any number of texts", "-m spacy project run predict")
    names = variables(args)
    project = copy(finished, tmp_path)
    shutil.copy(project / "assets" / "texts.jsonl", project / names["input"])
    output = run(*args, cwd=project).stdout
    assert f"Found the entities of 400 texts: {names['predictions']}" in flat(output)
    nlp = spacy.load(project / "training" / "pipeline")
    records = list(srsly.read_jsonl(project / names["input"]))
    found = list(srsly.read_jsonl(project / names["predictions"]))
    docs = nlp.pipe(record["text"] for record in records)
    assert found == [{**record, "spans": spans(doc)} for record, doc in zip(records, docs)]
    assert any(record["spans"] for record in found)
    # What it wrote can be read as gold annotations
    assert len(list(read_gold(project / names["predictions"]))) == 400
