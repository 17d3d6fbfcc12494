"""convert-ray: the same files as convert, also when a node of the cluster is killed."""

import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.running import (
    COURSE_TEXTS,
    ROOT,
    copy,
    door,
    environment,
    readme_commands,
    run,
    write_jsonl,
)

from labelling.corpus import convert

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None or sys.platform == "win32",
    reason="needs Linux or macOS and requirements-ray.txt",
)
N_FILES = 24


def contents(*folders) -> dict:
    """RETURNS (dict): All files of some folders, by folder and name."""
    return {
        (number, str(path.relative_to(folder))): path.read_bytes()
        for number, folder in enumerate(folders)
        for path in folder.rglob("*")
        if path.is_file()
    }


def arguments(inputs) -> list:
    """RETURNS (list): What to run, for outputs beside those of convert."""
    paths = (inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions)
    outputs = (inputs.folder / "ray" / "corpus", inputs.folder / "ray" / "rules")
    return [*door("convert", *paths, *outputs), "--ray-address"]


@pytest.fixture
def nodes():
    """A cluster of two nodes that only this machine can reach, with a token of its own."""
    env = {
        **environment(),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listens on 127.0.0.1 alone
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    for _ in range(4):  # on a busy machine a node may not start in the time that Ray allows
        # Paths of sockets must be short
        folder = Path(tempfile.mkdtemp(prefix="ray"))
        log = folder / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, ROOT / "tests" / "helpers" / "ray_cluster.py", folder],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        try:
            assert process.stdout
            if select.select([process.stdout], [], [], 120)[0]:
                started = process.stdout.readline().decode().split()
                if started:
                    address, raylet = started
                    yield SimpleNamespace(address=address, raylet=int(raylet), env=env)
                    return
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
            messages = log.read_text("utf8")
            shutil.rmtree(folder, ignore_errors=True)
    pytest.fail(messages)


@pytest.mark.slow
@needs_ray
def test_killed_node_costs_no_data(inputs, nodes):
    inputs.texts = inputs.folder / "texts"
    inputs.texts.mkdir()
    for file in range(N_FILES):  # each is a job at least
        texts = [f"{COURSE_TEXTS[n % 6]} {n // 2} {file} " + "so " * 60 for n in range(600)]
        write_jsonl(inputs.texts / f"{file:02}.jsonl", [{"text": text} for text in texts])
    args = [*arguments(inputs), nodes.address]
    process = subprocess.Popen(
        [sys.executable, *args],
        env=nodes.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    shards = inputs.folder / "ray" / "corpus" / ".train.tmp"
    try:
        while len(list(shards.glob("*.spacy"))) < 4:
            assert process.poll() is None, process.communicate()[0].decode()
            time.sleep(0.002)
        children = subprocess.check_output(["ps", "-o", "pid=", "--ppid", str(nodes.raylet)])
        for pid in (nodes.raylet, *map(int, children.split())):
            os.kill(pid, signal.SIGKILL)
        assert len(list(shards.glob("*.spacy"))) < N_FILES
        output = process.communicate(timeout=400)[0].decode()
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert not Path(f"/proc/{nodes.raylet}/exe").exists()

    convert(
        inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions, inputs.corpus, inputs.rules
    )
    expected = contents(inputs.corpus, inputs.rules)
    assert len([name for _, name in expected if name.startswith("train")]) == N_FILES
    assert contents(inputs.folder / "ray" / "corpus", inputs.folder / "ray" / "rules") == expected


@pytest.mark.slow
@needs_ray
def test_command_of_the_readme_makes_what_convert_makes(small_clone, tmp_path):
    command = readme_commands("Label on a cluster", "-m spacy project run convert-ray")[0]
    project = copy(small_clone, tmp_path)
    made = []
    for name in (command, ["-m", "spacy", "project", "run", "convert"]):
        output = run(*name, cwd=project, timeout=300).stdout
        assert "Texts read" in output and "400" in output
        made.append(contents(project / "corpus", project / "training" / "rules"))
    assert made[0] == made[1]


@pytest.mark.slow
@needs_ray
def test_no_cluster(inputs):
    args = [*arguments(inputs), "127.0.0.1:9"]
    result = run(*args, cwd=ROOT, check=False, timeout=120)
    assert result.returncode == 1
    assert "Can't connect to a Ray cluster at '127.0.0.1:9'" in " ".join(result.stdout.split())
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.slow
def test_ray_is_not_installed(inputs, tmp_path, monkeypatch):
    (tmp_path / "ray.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = run(*arguments(inputs), "local", cwd=ROOT, check=False)
    assert result.returncode == 1
    assert "python -m pip install -r requirements-ray.txt" in " ".join(result.stdout.split())
    assert not (inputs.folder / "ray").exists()
