"""The page of `annotate` on made-up data: as a process, as people have it, or as a thread of a test."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

from annotating.server import listen, make_server, serve
from annotating.session import Session
from annotating.setup import Files, make_session
from helpers.little import build_rules
from helpers.running import LANG, ROOT, write_jsonl
from labelling.rules import add_ruler
from reading.patterns import blank

RULES = [
    {"label": "GADGET", "pattern": [{"LOWER": "iphone"}], "id": "phones"},
    {"label": "GADGET", "pattern": [{"LOWER": "pixel"}]},
    {"label": "BRAND", "pattern": [{"LOWER": "acme"}]},
]
# What the "pipeline" finds besides
MORE = [{"label": "GADGET", "pattern": [{"LOWER": "galaxy"}, {"IS_DIGIT": True}]}]
TEXTS = [f"My iphone and an acme galaxy {number} fell" for number in range(40)]


def make_files(
    folder: Path, texts: Optional[List[str]] = None, rules: List[dict] = RULES, trained: bool = True
) -> Files:
    """RETURNS (Files): A project's files; rules stand in for what is trained."""
    folder.mkdir(parents=True, exist_ok=True)
    empty = write_jsonl(folder / "empty.jsonl", [])
    records = [{"text": text} for text in (TEXTS if texts is None else texts)]
    files = Files(
        texts=write_jsonl(folder / "texts.jsonl", records),
        patterns=write_jsonl(folder / "patterns.jsonl", rules),
        gold=write_jsonl(folder / "gold.jsonl", []),
        suggestions=write_jsonl(folder / "suggestions.jsonl", []),
        annotated=write_jsonl(folder / "annotated.jsonl", []),
        candidates=folder / "candidates.npz",
        rules=folder / "rules",
        model=folder / "model",
        pipeline=folder / "pipeline",
        metrics=folder / "metrics.json",
        report=folder / "report.html",
        guide=folder / "guide.md",
    )
    (folder / "guide.md").write_text("# Guide\nMark <b>gadgets</b>.\n", "utf8")
    if trained:
        build_rules(LANG, files.patterns, empty).to_disk(files.rules)
        nlp = blank(LANG)
        add_ruler(nlp, [{"id": "", **rule} for rule in [*rules, *MORE]])
        nlp.to_disk(files.pipeline)
    return files


def read_records(path: Path) -> List[dict]:
    """RETURNS (List[dict]): The records of a file whose texts may hold any line separator."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def arguments(files: Files) -> List[str]:
    """RETURNS (List[str]): The arguments of the command for these files."""
    values = {k: str(v) for k, v in files._asdict().items()}
    names = ("texts", "patterns", "gold", "suggestions", "annotated", "candidates")
    positional = [values.pop(name) for name in names]
    return [*positional, *(part for k, v in values.items() for part in (f"--{k}", v))]


def session_of(files: Files, **settings: Any) -> Session:
    """RETURNS (Session): What a page shows and changes."""
    return make_session(files, **{"lang": LANG, **settings})


class Client:
    """Sends requests as the page does, or as somebody else would."""

    def __init__(self, address: str, tab: str = "test") -> None:
        self.address = address
        self.tab = tab
        parts = urlsplit(address)
        self.host, self.path = parts.netloc, parts.path

    def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> Tuple[int, Dict[str, str], bytes]:
        """RETURNS (tuple): Status, headers in lower case, and body."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        sent = {"Host": self.host, **headers}
        sent = {name.replace("_", "-"): value for name, value in sent.items() if value}
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        content = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        for name, value in sent.items():
            connection.putheader(name, value)
        if content is not None:
            connection.putheader("Content-Length", str(len(content)))
        try:
            connection.endheaders(content)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent; the answer is there
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        try:
            return response.status, found, response.read()
        finally:
            connection.close()

    def get(self, name: str) -> Any:
        status, _, body = self.request("GET", f"{self.path}api/{name}")
        return SimpleNamespace(status=status, body=json.loads(body))

    def post(self, name: str, **body: Any) -> Any:
        headers = {"Origin": f"http://{self.host}", "Content_Type": "application/json"}
        content = {"tab": self.tab, **body}
        status, _, reply = self.request("POST", f"{self.path}api/{name}", content, **headers)
        return SimpleNamespace(status=status, body=json.loads(reply))

    def hold(self, force: bool = False) -> Any:
        """Ask for the turn to write, as a tab does, and keep it until `leave()` is called."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        headers = {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        body = json.dumps({"tab": self.tab, "force": force})
        connection.request("POST", f"{self.path}api/tab", body, headers)
        response = connection.getresponse()

        def leave() -> None:
            response.close()
            connection.close()

        return SimpleNamespace(status=response.status, leave=leave, read=response.read)

    def answer(self, text: Dict[str, Any], answer: str = "accept", **more: Any) -> Any:
        """Answer a text that the server gave."""
        said = {"key": text["key"], "tag": text.get("tag"), "spans": text["spans"]}
        return self.post("answer", **{**said, "answer": answer, **more})


class Process:
    """The real command, until the `with` statement ends."""

    def __init__(self, files: Files, *options: str, cwd: Path = ROOT) -> None:
        self.command = [sys.executable, "-B", str(ROOT / "scripts" / "annotate.py")]
        self.command += [*arguments(files), "--lang", LANG, "--no-browser", *options]
        self.cwd = cwd

    def __enter__(self) -> "Process":
        self.process = subprocess.Popen(
            self.command,
            cwd=self.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf8",
            env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        )
        assert self.process.stdout
        self.output = ""
        self.address = ""
        while not self.address:
            line = self.process.stdout.readline()
            assert line, f"no address in: {self.output}"
            self.output += line
            found = re.search(r"http://\S+/", line)
            self.address = found[0] if found else ""
        self.client = Client(self.address)
        return self

    def __exit__(self, *error: Any) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

    def end(self, sign: int = signal.SIGINT) -> str:
        """RETURNS (str): All that it printed, after a signal ended it."""
        self.process.send_signal(sign)
        self.output += self.process.communicate(timeout=30)[0]
        return self.output


class Thread:
    """The same in a thread of the test, which starts at once."""

    def __init__(self, files: Files, **settings: Any) -> None:
        self.session = session_of(files, **settings)

    def __enter__(self) -> "Thread":
        listener = listen(0)
        self.server, self.address = make_server(self.session, listener)
        self.thread = threading.Thread(target=serve, args=(self.server, listener), daemon=True)
        self.thread.start()
        self.client = Client(self.address)
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.session.close()
