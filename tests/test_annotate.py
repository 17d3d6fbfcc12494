"""The command `annotate`: what it serves, whom it lets in, and that no answer is ever lost."""

import contextlib
import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.annotate_page import Client, Process, Thread, arguments, make_files
from helpers.running import LANG, ROOT, invoke, read_jsonl, wait_until, write_jsonl
from helpers.suggest_data import PATTERNS, sentences

from annotate import annotate_cli

JSON = "application/json"


@pytest.fixture
def page(tmp_path):
    """A page whose texts are for gold."""
    files = make_files(tmp_path)
    with Thread(files, use="gold") as thread:
        thread.files = files
        yield thread


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A page that no test changes."""
    with Thread(make_files(tmp_path_factory.mktemp("guarded"))) as thread:
        yield thread.client


def texts(client, number=8):
    found = []
    while len(found) < number:
        held = ",".join(text["key"] for text in found)
        found += client.get(f"texts?held={held}").body["texts"]
    return found[:number]


# --- Answers


def test_answer_is_in_the_file_when_it_is_called_saved(page):
    first, second, third = texts(page.client, 3)
    assert page.client.answer(first).status == 200
    assert page.client.answer(second, spans=[], flagged=True).status == 200
    reply = page.client.answer(third, "reject").body
    assert reply["done"] == 3 and reply["goal"] == 100
    records = read_jsonl(page.files.gold)
    assert [record["answer"] for record in records] == ["accept", "accept", "reject"]
    text = records[0]["text"]
    marks = [(text[span["start"] : span["end"]], span["label"]) for span in records[0]["spans"]]
    number = text.split()[-2]
    assert marks == [("iphone", "GADGET"), ("acme", "BRAND"), (f"galaxy {number}", "GADGET")]
    assert records[1]["spans"] == [] and records[1]["flagged"] is True


def test_answer_of_an_earlier_day_is_corrected_in_its_place(page):
    records = [{"text": f"Day {number}", "spans": []} for number in range(3)]
    write_jsonl(page.files.gold, records)
    last = page.client.get("answer").body
    assert (last["place"], last["of"], last["words"]) == (2, 3, ["Day", "2"])
    before = page.client.get("answer?place=1").body
    page.client.answer(before, spans=[[0, 1, "NEW"]])
    assert read_jsonl(page.files.gold)[1]["spans"] == [{"start": 0, "end": 3, "label": "NEW"}]
    assert page.client.get("answer?place=3").status == 409
    assert page.client.answer(before, spans=[]).status == 409  # of what is no longer there


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "maybe"},
        {"answer": None},
        {"key": "0" * 32},
        {"key": 7},
        {"key": None},
        {"tag": 7},
        {"spans": [[0, 99, "A"]]},
        {"spans": {}},
    ],
)
def test_what_is_no_answer_is_refused(page, change):
    [text] = texts(page.client, 1)
    said = {"key": text["key"], "spans": [], "answer": "accept", **change}
    reply = page.client.post("answer", **said)
    assert reply.status == 409 and reply.body["error"]
    assert read_jsonl(page.files.gold) == []


def test_file_that_is_broken_meanwhile_is_never_overwritten(page):
    first, second = texts(page.client, 2)
    page.client.answer(first)
    content = page.files.gold.read_text() + "{half a line\n"
    page.files.gold.write_text(content)
    reply = page.client.answer(second)
    assert reply.status == 409 and "line 2: Broken JSON" in reply.body["error"]
    assert page.files.gold.read_text() == content
    page.files.gold.unlink()
    page.files.gold.mkdir()
    assert "no file" in page.client.answer(second).body["error"]
    page.files.gold.rmdir()
    page.files.gold.write_text(content.splitlines(keepends=True)[0])
    assert page.client.answer(second).status == 200
    assert len(read_jsonl(page.files.gold)) == 2


def test_skipped_texts_come_again_at_the_end(tmp_path):
    with Thread(make_files(tmp_path, texts=["A b", "C d"])) as thread:
        first, second = texts(thread.client, 2)
        thread.client.post("skip", key=first["key"])
        assert [text["key"] for text in thread.client.get("texts").body["texts"]] == [second["key"]]
        thread.client.answer(second)
        assert [text["key"] for text in thread.client.get("texts").body["texts"]] == [first["key"]]
        thread.client.answer(first)
        assert thread.client.get("texts").body["texts"] == []


def test_second_tab_is_told_and_can_not_write(page):
    [text] = texts(page.client, 1)
    other = Client(page.address, tab="other")
    turn = page.client.hold()
    assert turn.status == 200 and other.hold().status == 409
    reply = other.answer(text)
    assert reply.status == 409 and "Another tab" in reply.body["error"]
    for name in ("terms", "undo", "run"):
        assert other.post(name, answer="accept").status == 409
    assert read_jsonl(page.files.gold) == []
    forced = other.hold(force=True)
    assert forced.status == 200 and turn.read() == b" "  # the first one's turn has ended
    assert page.client.answer(text).status == 409
    forced.leave()
    wait_until(lambda: page.client.answer(text).status == 200)


def test_turn_of_a_tab_ends_with_it(page):
    for _ in range(5):
        turn = page.client.hold()
        other = Client(page.address, tab="other")
        assert other.hold().status == 409
        again = (
            page.client.hold()
        )  # the same tab is let in, and what it asked before does not count
        turn.leave()
        assert other.hold().status == 409
        again.leave()
        wait_until(lambda: page.session.tabs.writer == "")


@pytest.mark.slow
def test_open_tab_does_not_keep_the_program_alive(tmp_path):
    with Process(make_files(tmp_path)) as process:
        assert process.client.hold().status == 200
        start = time.monotonic()
        output = process.end()
        assert time.monotonic() - start < 5 and process.process.returncode == 0
        assert "Cancel" not in output and "Traceback" not in output


def ask_until_it_ends(client):
    """Send requests, until none is answered."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        while True:
            client.get("state")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_end_leaves_nothing_beside_the_files(tmp_path, name):
    files = make_files(tmp_path, texts=sentences(60), rules=PATTERNS)
    before = sorted(os.listdir(tmp_path))
    with Process(files, "--for", "gold") as process:
        [text] = texts(process.client, 1)
        assert process.client.answer(text).status == 200
        wait_until(lambda: process.client.get("terms").body["questions"])
        turn = process.client.hold()
        assert len([path for path in os.listdir(tmp_path) if "lock" in path]) == 2
        # It ends in the middle of its work, too
        asking = threading.Thread(target=ask_until_it_ends, args=(process.client,))
        asking.start()
        output = process.end(getattr(signal, name))
        asking.join()
        turn.leave()
    assert process.process.returncode == 0 and "Traceback" not in output
    assert sorted(os.listdir(tmp_path)) == sorted([*before, "candidates.npz"])


def test_report_is_shown_in_a_sandbox(page):
    path = f"{page.client.path}report"
    assert page.client.request("GET", path)[0] == 404
    page.files.report.write_text("<script>1</script>")
    status, headers, body = page.client.request("GET", path)
    assert status == 200 and body == b"<script>1</script>"
    policy = headers["content-security-policy"]
    assert "sandbox allow-scripts;" in policy and "default-src 'none'" in policy


def test_run_shows_its_output(page):
    page.session.runner.command = [sys.executable, "-c", "print('trained')"]
    assert "--vars.gold" in page.client.get("run").body["command"]
    page.client.post("run")
    shown = page.client.get("run").body
    while shown["code"] is None:
        shown = page.client.get("run").body
    assert shown["output"] == "trained\n" and shown["code"] == 0


def test_try_shows_which_rule_fired(page):
    found = page.client.post("try", text="An iphone, a galaxy 8 <b>", stage="pipeline").body[
        "parts"
    ]
    assert found == [
        ["An ", "", ""],
        ["iphone", "GADGET", "phones"],
        [", a ", "", ""],
        ["galaxy 8", "GADGET", ""],
        [" <b>", "", ""],
    ]
    reply = page.client.post("try", text="x", stage="model")
    assert reply.status == 409 and "no model" in reply.body["error"]
    assert page.client.post("try", text=7, stage="rules").status == 409
    last = page.client.get("page?number=3&stage=rules").body
    assert [text["number"] for text in last["texts"]] == list(range(31, 41)) and last["of"] == 40
    assert page.client.get("page?number=4&stage=rules").body["texts"] == []


# --- Nobody else gets in


def test_every_request_needs_the_token(guarded):
    token = guarded.path.strip("/")
    wrong = ["/", "/page.js", "/api/state", "/x/", f"/{token}", f"/{token[:-1]}/", f"/{token}x/"]
    wrong += [f"/x/{token}/", "/ü/", "//", f"/?token={token}"]
    for path in wrong:
        status, headers, body = guarded.request("GET", path.replace("ü", "%C3%BC"))
        assert status == 403 and b"gadget" not in body.lower(), path
    assert guarded.request("GET", guarded.path)[0] == 200
    assert len(token) > 20


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "",
    ],
)
def test_wrong_host_is_refused(guarded, host):
    port = guarded.host.split(":")[1]
    status, _, _ = guarded.request("GET", guarded.path, Host=host.format(port=port))
    assert status in (400, 421)
    assert guarded.request("GET", guarded.path, Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://127.0.0.1", "https://{host}"]
)
def test_foreign_origin_is_refused(guarded, origin):
    headers = {"Origin": origin.format(host=guarded.host), "Content_Type": JSON}
    status, _, body = guarded.request("POST", f"{guarded.path}api/skip", {}, **headers)
    assert status == 403 and b"another page" in body


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_forms_are_refused(guarded, kind):
    headers = {"Origin": f"http://{guarded.host}", "Content_Type": kind}
    assert guarded.request("POST", f"{guarded.path}api/skip", {}, **headers)[0] == 415


def test_wrong_methods_are_refused(guarded):
    headers = {"Origin": f"http://{guarded.host}", "Content_Type": JSON}
    for method, name in [
        ("GET", "skip"),
        ("POST", "state"),
        ("PUT", "answer"),
        ("DELETE", "answer"),
    ]:
        assert guarded.request(method, f"{guarded.path}api/{name}", {}, **headers)[0] in (404, 405)
    for name in ("tab", "undo", "retry", "stop"):  # what changes something is a post
        assert guarded.request("GET", f"{guarded.path}api/{name}", **headers)[0] == 405


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_json_object_is_refused(guarded, body):
    headers = {"Origin": f"http://{guarded.host}", "Content_Type": JSON}
    assert guarded.request("POST", f"{guarded.path}api/skip", body, **headers)[0] == 400


def test_large_bodies_are_refused_before_they_are_read(guarded):
    headers = {"Origin": f"http://{guarded.host}", "Content_Type": JSON}
    body = b'{"a": "' + b"x" * 100_000_000 + b'"}'
    start = time.monotonic()
    assert guarded.request("POST", f"{guarded.path}api/skip", body, **headers)[0] == 413
    assert time.monotonic() - start < 5
    # The same if the length is not told beforehand, or is no number
    with socket.create_connection(guarded.host.split(":")) as raw:
        head = f"POST {guarded.path}api/skip HTTP/1.1\r\nHost: {guarded.host}\r\nOrigin: http://{guarded.host}\r\n"
        raw.sendall(f"{head}Content-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
        try:
            for _ in range(20):
                raw.sendall(chunk)
        except OSError:
            pass  # it has hung up
        assert b" 413 " in raw.recv(1000)


def test_no_path_leads_out_of_the_page(guarded):
    for path in (
        "../annotate.py",
        "..%2fannotate.py",
        "%2e%2e/annotate.py",
        "/etc/passwd",
        "server.py",
        "....//server.py",
        "page.html",
        "page.js/../server.py",
        "report/../../x",
    ):
        status, _, body = guarded.request("GET", guarded.path + path)
        assert status in (403, 404) and b"import" not in body, path


def test_headers_of_every_answer(guarded):
    for path in (
        guarded.path,
        f"{guarded.path}page.js",
        f"{guarded.path}api/state",
        "/",
        f"{guarded.path}no",
    ):
        _, headers, _ = guarded.request("GET", path)
        assert headers["content-security-policy"].startswith("default-src 'self';"), path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers and "set-cookie" not in headers
        assert "access-control-allow-origin" not in headers


def test_page_has_nothing_inline_and_nothing_from_elsewhere():
    page = (ROOT / "scripts" / "annotating" / "page.html").read_text("utf8")
    assert not re.search(r"<script(?! src=\"page.js\")|<style|\sstyle=|\son\w+=|https?:", page)
    script = (ROOT / "scripts" / "annotating" / "page.js").read_text("utf8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?:", script
    )


# --- The command


@pytest.mark.slow
def test_listens_on_this_machine_alone_and_ends_cleanly(tmp_path):
    with Process(make_files(tmp_path), "--for", "gold") as process:
        port = int(process.client.host.split(":")[1])
        assert process.address.startswith("http://127.0.0.1:")
        assert process.client.get("state").status == 200
        own = {
            info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        }
        for address in own - {"127.0.0.1"}:
            with socket.socket() as probe:
                probe.settimeout(2)
                assert probe.connect_ex((address, port)) or address.startswith("127.")
        output = process.end()
        assert process.process.returncode == 0
        assert (
            "Traceback" not in output
            and "gold.jsonl" in output
            and "(marked: 0, open: 40)" in output
        )


def test_token_is_new_every_time(tmp_path):
    with Thread(make_files(tmp_path)) as thread:
        first = thread.client.path
    with Thread(make_files(tmp_path)) as thread:
        assert thread.client.path != first


@pytest.mark.slow
def test_second_process_is_told(tmp_path):
    files = make_files(tmp_path)
    with Process(files):
        command = [sys.executable, "-B", "scripts/annotate.py", *arguments(files), "--lang", LANG]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert "Another process is writing" in " ".join(done.stdout.split())
        # To try the pipelines beside it is no harm
        with Process(files, "--view", "try") as trying:
            assert "#try" in trying.output
            [text] = texts(trying.client, 1)
            assert trying.client.answer(text).status == 409
            assert trying.client.post("try", text="An iphone", stage="rules").body["parts"][1][1]


@pytest.mark.slow
def test_works_before_anything_is_trained_or_annotated(tmp_path):
    files = make_files(tmp_path, trained=False)
    for path in (files.gold, files.annotated, files.guide):
        path.unlink()
    files.patterns.write_text("")
    with Process(files) as process:
        assert "run convert" in process.output
        state = process.client.get("state").body
        assert state["labels"] == [] and state["guide"] == "" and state["premarks"]
        [text] = texts(process.client, 1)
        assert text["by"] == ""
        assert process.client.answer(text, spans=[[1, 2, "MY LABEL"]]).status == 200
        assert process.client.get("state").body["labels"] == ["MY LABEL"]
    assert read_jsonl(files.gold)[0]["spans"][0]["label"] == "MY LABEL"


@pytest.mark.parametrize(
    "options, problem",
    [
        (["--prelabel", "model"], "prelabel is 'model'"),
        (["--for", "test"], "annotate_for is 'test'"),
        (["--view", "x"], "view is 'x'"),
        (["--lang", "qq"], "language"),
        (["--port", "{used}"], "Can't listen on port"),
    ],
)
def test_wrong_settings(tmp_path, options, problem):
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = str(used.getsockname()[1])
        options = [option.format(used=port) for option in options]
        result = invoke(annotate_cli, *arguments(make_files(tmp_path)), *options)
    assert result.exit_code == 1 and problem in result.flat


# --- Slow: kills and load


@pytest.mark.slow
def test_kill_at_any_moment_loses_no_saved_answer(tmp_path):
    names = [f"An iphone {number}" for number in range(5_000)]
    files = make_files(tmp_path, texts=names, trained=False)
    chance = random.Random(0)
    sent, saved = {}, {}  # the labels given to each text, and how many of them were called saved

    def say(client, text):
        labels = sent.setdefault(" ".join(text["words"]), [])
        labels.append(f"L{len(labels)}")
        assert client.answer(text, spans=[[0, 1, labels[-1]]]).status == 200
        saved[" ".join(text["words"])] = len(labels)

    for _ in range(20):
        with Process(files, "--for", "gold", "--prelabel", "none") as process:
            client = process.client
            waiting = texts(client, 8)
            timer = threading.Timer(chance.uniform(0.02, 0.5), process.process.kill)
            timer.start()
            try:
                while True:
                    say(client, waiting.pop(0))
                    if len(saved) % 3 == 0:  # a correction replaces a line in the midst of the file
                        place = chance.randrange(len(saved))
                        say(client, client.get(f"answer?place={place}").body)
                    waiting = waiting or client.get("texts").body["texts"]
            except (OSError, http.client.HTTPException):
                pass  # it was killed
            timer.join()
    records = read_jsonl(files.gold)
    found = {record["text"]: record["spans"][0]["label"] for record in records}
    assert len(found) == len(records) > 20  # none twice
    for text, number in saved.items():
        assert found[text] in sent[text][number - 1 :], text


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads the memory of a process")
def test_memory_stays_bounded_under_load(tmp_path):
    def memory(pid):
        status = open(f"/proc/{pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    with Process(make_files(tmp_path)) as process:
        client = process.client
        texts(client, 8)
        before = memory(process.process.pid)
        end = time.monotonic() + 10
        counts = []

        def hammer(number):
            done = 0
            headers = {"Origin": f"http://{client.host}", "Content_Type": JSON}
            while time.monotonic() < end:
                try:
                    if number % 2:
                        client.request("GET", "/wrong/")
                    else:
                        client.request("POST", f"{client.path}api/skip", b"x" * 10_000, **headers)
                    done += 1
                except OSError:
                    pass
            counts.append(done)

        with ThreadPoolExecutor(50) as pool:
            list(pool.map(hammer, range(50)))
        assert memory(process.process.pid) - before < 50
        assert client.get("state").status == 200
        print(f"{sum(counts) / 10:.0f} requests a second")
