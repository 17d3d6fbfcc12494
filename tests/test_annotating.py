"""What the page is made of: the file of answers, the order of the texts, marks, figures, terms, runs."""

import json
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
from helpers.annotate_page import make_files, session_of
from helpers.little import build_rules
from helpers.running import LANG, ROOT, read_jsonl, wait_until, write_jsonl
from helpers.suggest_data import PATTERNS, sentences
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.training import Example
from spacy.util import fix_random_seed

from annotating import queue as queues
from annotating.doubt import doubts
from annotating.progress import Counts, count, describe, width
from annotating.queue import Queue, Waiting, worth_marking
from annotating.runner import Runner
from annotating.stages import Stages
from annotating.store import Answer, Store
from annotating.tokens import spans_from, tokens_of
from measuring.scores import bootstrap_f, interval
from reading.gold import load_gold
from reading.patterns import blank
from reading.splits import gold_side
from shared.errors import InputError
from shared.locking import Lock

NLP = blank("en")
GADGET = (3, 9, "GADGET")
WORDS = ("iphone", "galaxy", "pixel", "kindle", "acme", "watch", "never")


def never(key: str) -> bool:
    return False


# --- The file of answers


def test_answers_are_added_and_corrected_in_their_place(tmp_path):
    path = tmp_path / "gold.jsonl"
    # Written by hand: Windows line ends, keys of other tools, a blank line, no end of line
    lines = [
        b'{"text": "My iphone", "spans": [{"start": 3, "end": 9, "label": "X", "source": "me"}], "meta": 7}',
        b"",
        b'{"spans": [], "text": "\\u00fc"}',
    ]
    path.write_bytes(b"\r\n".join(lines))
    store = Store(path)
    store.save(Answer("New one", [(0, 3, "GADGET")], flagged=True), None)
    assert path.read_bytes().startswith(b"\r\n".join(lines) + b"\n{")
    old = store.entries[0]
    store.save(Answer("My iphone", [(3, 9, "X"), (0, 2, "Y")], "reject"), old.tag)
    content = path.read_bytes().split(b"\n")
    assert content[1:3] == [b"\r", lines[2]]
    assert json.loads(content[0]) == {
        "text": "My iphone",
        "spans": [
            {"start": 0, "end": 2, "label": "Y"},
            {"start": 3, "end": 9, "label": "X", "source": "me"},
        ],
        "meta": 7,
        "answer": "reject",
    }
    assert content[0].endswith(b"\r")
    assert json.loads(content[3]) == {
        "text": "New one",
        "spans": [{"start": 0, "end": 3, "label": "GADGET"}],
        "answer": "accept",
        "flagged": True,
    }
    # A new reader sees the same
    assert [entry.record for entry in Store(path).entries] == [e.record for e in store.entries]


def test_said_twice_is_written_once(tmp_path):
    store = Store(tmp_path / "gold.jsonl")
    answer = Answer("My iphone", [GADGET])
    first = store.save(answer, None)
    assert store.save(answer, None) == first  # the first reply was lost
    corrected = Answer("My iphone", [])
    store.save(corrected, first.tag)
    store.save(corrected, first.tag)
    assert read_jsonl(store.path) == [{"text": "My iphone", "spans": [], "answer": "accept"}]


def test_another_spelling_of_a_text_is_the_same_text(tmp_path):
    store = Store(write_jsonl(tmp_path / "gold.jsonl", [{"text": "My  iPhone ", "spans": []}]))
    with pytest.raises(InputError, match="another answer"):
        store.save(Answer("my iphone", [GADGET]), None)


def test_an_edit_by_hand_stays(tmp_path):
    path = write_jsonl(tmp_path / "gold.jsonl", [{"text": name, "spans": []} for name in "AB"])
    store = Store(path)
    tags = [entry.tag for entry in store.entries]
    write_jsonl(path, [{"text": "B", "spans": [], "note": 1}, {"text": "C"}, {"text": "A"}])
    store.save(Answer("D", []), None)
    store.save(Answer("A", [], "reject"), store.entries[2].tag)  # it is on another line by now
    assert [record["text"] for record in read_jsonl(path)] == ["B", "C", "A", "D"]
    assert read_jsonl(path)[2] == {"text": "A", "spans": [], "answer": "reject"}
    before = path.read_bytes()
    for answer, tag, problem in [
        (Answer("B", [], "reject"), tags[1], "line 1: The text has another answer"),
        (Answer("C", [(0, 1, "X")]), None, "line 2: The text has another answer"),
        (Answer("E", []), "a tag", "The line is gone"),
    ]:
        with pytest.raises(InputError, match=problem):
            store.save(answer, tag)
        assert path.read_bytes() == before


def test_what_can_not_be_written_is_refused_in_words(tmp_path):
    path = write_jsonl(tmp_path / "gold.jsonl", [{"text": "A"}])
    store = Store(path)
    path.write_text('{"text": "A"}\n{broken\n')
    with pytest.raises(InputError, match="line 2: Broken JSON"):
        store.save(Answer("B", []), None)
    path.write_text('{"text": "A", "spans": [{"start": "x", "end": 1}]}\n')
    with pytest.raises(InputError, match="line 1: A span has no whole numbers"):
        store.save(Answer("B", []), None)
    path.unlink()
    with pytest.raises(InputError, match="gone"):
        store.save(Answer("B", []), None)
    path.mkdir()
    (path / "mine").touch()
    for act in (lambda: store.save(Answer("B", []), None), lambda: Store(path)):
        with pytest.raises(InputError, match="no file"):
            act()
    assert (path / "mine").exists()
    with pytest.raises(InputError, match="compressed"):
        Store(tmp_path / "gold.jsonl.gz")


def run_code(code: str, *args: object) -> subprocess.CompletedProcess:
    """Run code in a process of its own, which knows the store."""
    header = "import sys; sys.path.insert(0, sys.argv[1])\nfrom annotating.store import *\n"
    return subprocess.run(
        [
            sys.executable,
            "-c",
            header + textwrap.dedent(code),
            str(ROOT / "scripts"),
            *map(str, args),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
def test_full_disk_leaves_no_half_answer(tmp_path):
    pytest.importorskip("resource", reason="needs Unix")
    path = tmp_path / "gold.jsonl"
    code = """
    import resource
    store = Store(Path(sys.argv[2]))
    store.save(Answer("First", []), None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
    # Neither an answer that fits in part, nor a correction of one that is there
    for answer, tag in [(Answer("x" * 500, []), None), (Answer("First", [(0, 5, "y" * 500)]), store.entries[0].tag)]:
        try:
            store.save(answer, tag)
        except OSError as error:
            print("refused", error.strerror)
    store.save(Answer("Last", []), None)
    """
    done = run_code(code, path)
    assert done.stdout.count("refused File too large") == 2, done.stderr
    assert [record["text"] for record in read_jsonl(path)] == ["First", "Last"]
    lock = [".gold.jsonl.lock.tmp"]  # it ended without giving it back
    assert sorted(os.listdir(tmp_path)) == [*lock, "gold.jsonl"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs Unix")
@pytest.mark.parametrize("folder_mode, file_mode", [("777", "444"), ("555", "666")])
def test_read_only_file_or_folder(folder_mode, file_mode):
    code = """
    import tempfile
    folder = Path(tempfile.mkdtemp())
    path = folder / "gold.jsonl"
    path.write_text('{"text": "A"}')
    store = Store(path)
    path.chmod(int(sys.argv[3], 8))
    folder.chmod(int(sys.argv[2], 8))
    if os.geteuid() == 0:
        os.setuid(65534)  # root may write anywhere
    for answer, tag in [(Answer("B", []), None), (Answer("A", [], "reject"), store.entries[0].tag)]:
        try:
            store.save(answer, tag)
        except PermissionError as error:
            print("refused", error.filename)
    print(path.read_text())
    """
    done = run_code(code, folder_mode, file_mode)
    assert done.stdout.count("refused /") == 2, done.stderr
    assert done.stdout.endswith('{"text": "A"}\n')


def test_what_a_kill_cut_off_is_taken_away(tmp_path, capsys):
    path = tmp_path / "gold.jsonl"
    saved = '{"text": "A", "spans": [], "answer": "accept"}\n'
    path.write_text(saved + '{"text": "B", "spans": [{"sta')
    assert [entry.text for entry in Store(path).entries] == ["A"]
    assert path.read_text() == saved and "cut off" in capsys.readouterr().out
    # A last line without an end is a line, and what somebody else wrote is theirs to mend
    path.write_text(saved + '{"text": "B"}')
    assert len(Store(path).entries) == 2
    path.write_text(saved + "{'text'")
    with pytest.raises(InputError, match="line 2: Broken JSON"):
        Store(path)


@pytest.mark.slow
def test_one_process_writes(tmp_path):
    path = tmp_path / "gold.jsonl"
    store = Store(path)
    store.save(Answer("A", []), None)
    other = """
    try:
        Store(Path(sys.argv[2])).save(Answer("B", []), None)
        print("saved")
    except InputError as error:
        print(error)
    """
    assert "Another process is writing" in run_code(other, path).stdout
    store.lock.release()
    assert run_code(other, path).stdout == "saved\n"
    store.save(Answer("C", []), None)  # the other one has ended
    assert [record["text"] for record in read_jsonl(path)] == ["A", "B", "C"]


@pytest.mark.slow
def test_killed_process_leaves_no_lock(tmp_path):
    code = """
    import time
    store = Store(Path(sys.argv[2]))
    store.lock.acquire()
    os.kill(os.getpid(), 9)
    """
    run_code(code, tmp_path / "gold.jsonl")
    lock = Lock(tmp_path / "gold.jsonl")
    lock.acquire()
    lock.release()
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_never_two_hold_a_lock_that_is_removed_each_time(tmp_path):
    code = """
    import time
    lock, end = Lock(Path(sys.argv[2])), time.monotonic() + 3
    mine, turns = Path(sys.argv[2]).with_name("held"), 0
    while time.monotonic() < end:
        try:
            lock.acquire()
        except InputError:
            continue
        descriptor = os.open(mine, os.O_CREAT | os.O_EXCL)  # fails if another one holds it, too
        os.close(descriptor)
        mine.unlink()
        turns += 1
        lock.release()
    print(turns)
    """
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run_code(code, tmp_path / "gold.jsonl"), range(3)))
    assert [process.stderr for process in done] == [""] * 3
    assert min(int(process.stdout) for process in done) > 50
    assert os.listdir(tmp_path) == []


def test_a_link_stays_a_link(tmp_path):
    path = write_jsonl(tmp_path / "real.jsonl", [{"text": "A"}])
    link = tmp_path / "gold.jsonl"
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("no links here")
    store = Store(link)
    store.save(Answer("A", [], "reject"), store.entries[0].tag)
    assert link.is_symlink() and read_jsonl(path)[0]["answer"] == "reject"


# --- Marks by token numbers

# Emoji of several code points, combining marks, right to left, zero width, line ends, controls
PIECES = [
    "iPhone",
    "don't",
    "👩‍👩‍👧",
    "e\u0301",
    "טלפון",
    "\u200b",
    "\n\n",
    "  ",
    "\t",
    "🇩🇪",
    "$5",
    "a\u202eb",
    "!",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, " "]), min_size=1, max_size=12), st.data())
def test_marks_become_entities_that_training_takes(tmp_path_factory, pieces, data):
    doc = NLP.make_doc("".join(pieces))
    sent = json.loads(json.dumps(tokens_of(doc)))
    assert [token.text for token in doc] == sent["words"]
    free = [i for i in range(len(doc)) if i not in sent["space"]]
    cuts = data.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
    cuts = sorted(cuts)[: len(cuts) // 2 * 2]
    marks = [[a, b + 1, "LABEL"] for a, b in zip(cuts[::2], cuts[1::2])]
    spans = spans_from(doc, marks)
    doc.set_ents(spans)
    path = tmp_path_factory.mktemp("gold") / "gold.jsonl"
    answer = Answer(doc.text, [(span.start_char, span.end_char, "LABEL") for span in spans])
    Store(path).save(answer, None)
    if doc.text.strip():
        [[read], n_bad] = load_gold(NLP, path, skip_bad_spans=False)
        assert n_bad == 0
        assert [(e.start, e.end) for e in read.ents] == [(a, b) for a, b, _ in marks]


@pytest.mark.parametrize(
    "marks",
    [
        None,
        "x",
        [[0, 1]],
        [[0, 1, "A", 2]],
        [[0, True, "A"]],
        [["0", 1, "A"]],
        [[0.0, 1, "A"]],
        [[-1, 1, "A"]],
        [[1, 1, "A"]],
        [[0, 99, "A"]],
        [[0, 2**63, "A"]],
        [[0, 2, "A"], [1, 3, "A"]],
        [[0, 1, " "]],
        [[0, 1, "A" * 101]],
        [[2, 3, "A"]],  # white space
        [[1, 3, "A"]],
    ],
)
def test_marks_that_can_not_be_are_refused(marks):
    doc = NLP.make_doc("My iphone  fell")
    assert doc[2].is_space
    with pytest.raises(InputError):
        spans_from(doc, marks)


# --- Which texts, and in which order


def test_order_is_a_random_sample_that_does_not_depend_on_the_file(tmp_path):
    texts = [f"Text number {number}" for number in range(200)]
    orders = []
    for name, given_texts in (
        ("a", texts),
        ("b", texts[::-1]),
        ("c", texts + ["  ", "TEXT number 7"]),
    ):
        path = write_jsonl(tmp_path / f"{name}.jsonl", [{"text": text} for text in given_texts])
        orders.append([key for key, _ in Queue(path, never).next(1000)])
    assert orders[0] == orders[1] == orders[2] and len(orders[0]) == 200
    first = Queue(tmp_path / "a.jsonl", never).next(40)
    assert [text for _, text in first] != texts[:40]
    # Gold is split by the same hash: its first texts must not all be on one side
    sides = [gold_side(text) for _, text in first]
    assert 10 < sides.count("dev") < 30


def test_what_is_done_is_not_asked_and_what_is_skipped_comes_last(tmp_path):
    path = write_jsonl(tmp_path / "texts.jsonl", [{"text": text} for text in "ABCDE"])
    done = set()
    queue = Queue(path, done.__contains__)
    keys = [key for key, _ in queue.next(5)]
    done.add(keys[0])
    queue.skipped.add(keys[1])
    assert [key for key, _ in queue.next(2)] == keys[2:4]
    assert [key for key, _ in queue.next(5, held=keys[2:3])] == keys[3:]
    queue.prefer([keys[4]])
    assert [key for key, _ in queue.next(5)] == [keys[4], keys[2], keys[3]]
    done.update(keys[2:])
    assert [key for key, _ in queue.next(5)] == [keys[1]]


def test_memory_has_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(queues, "MAX_TEXTS", 10)
    path = write_jsonl(tmp_path / "texts.jsonl", [{"text": f"T {i}"} for i in range(100)])
    queue = Queue(path, never)
    assert len(queue.texts) == 10 and queue.total == 100


def make_model(folder):
    """RETURNS (Language): A recognizer that has learned little, so that it is unsure, saved in the folder."""
    fix_random_seed(0)
    nlp = blank(LANG)
    nlp.add_pipe("ner")
    taught = [
        Example.from_dict(nlp.make_doc(text), {"entities": [(4, 10, "GADGET")]})
        for text in ("The iphone fell", "The galaxy 8 and more")
    ]
    nlp.initialize(lambda: taught)
    for _ in range(5):
        nlp.update(taught)
    nlp.to_disk(folder)
    return nlp


def test_worth_marking_is_what_the_model_is_least_sure_of(tmp_path, monkeypatch):
    monkeypatch.setattr(queues, "BATCH", 3)
    texts = [f"The {word} and more of a {word}" for word in WORDS]
    model = make_model(tmp_path / "model")
    values = dict(zip(texts, doubts(model, texts)))
    assert min(values.values()) >= 0 and len(set(values.values())) > 3
    assert all(doubts(model, [text]) == pytest.approx([value]) for text, value in values.items())
    waiting = [Waiting(text, text) for text in texts]
    best_first = sorted(filter(values.get, texts), key=lambda text: -values[text])
    *_, last = worth_marking(waiting, Stages({"model": tmp_path / "model"}))
    assert last == best_first
    assert list(worth_marking(waiting, Stages({"model": tmp_path / "none"}))) == []


def test_texts_are_put_in_order_again_when_the_model_is_another(tmp_path):
    """All of them, however many, and as soon as there is a model."""
    texts = [f"{word} {number}" for number in range(40) for word in WORDS]
    files = make_files(tmp_path, texts=texts, trained=False)
    asked = session_of(files, use="train").texts

    def first():
        return " ".join(asked.next(1, [])[0]["words"])

    by_chance = first()
    values = doubts(make_model(files.model), texts)
    best = {text for text, value in zip(texts, values) if value == max(values)}
    assert by_chance not in best
    wait_until(lambda: first() in best)


def test_who_marks_gold_is_asked_at_random(tmp_path):
    files = make_files(tmp_path)
    make_model(files.model)
    asked = session_of(files, use="gold").texts
    asked.next(1, [])
    assert asked.ranked is None


def test_texts_for_one_use_are_not_offered_for_the_other(tmp_path):
    files = make_files(tmp_path, texts=[f"Text {number}" for number in range(6)])
    write_jsonl(files.gold, [{"text": "text  0"}, {"text": "Text 1", "answer": "reject"}])
    write_jsonl(files.annotated, [{"text": "Text2", "spans": []}])
    for use in ("gold", "train"):
        session = session_of(files, use=use)
        offered = ["".join(text["words"][1:]) for text in session.texts.next(9, [])]
        assert sorted(offered) == ["3", "4", "5"]
    # One that gets there meanwhile is refused
    waiting = session.texts.next(9, [])[0]
    text = "Text " + "".join(waiting["words"][1:])
    write_jsonl(files.gold, [{"text": text}])
    with pytest.raises(InputError, match="can't be for both|annotated there"):
        session.texts.save({"key": waiting["key"], "spans": [], "answer": "accept"})


def test_auto_is_gold_until_there_is_enough(tmp_path):
    files = make_files(tmp_path)
    assert session_of(files).texts.use == "gold"
    records = [
        {"text": f"Gold {i}", "answer": "reject" if i == 99 else "accept"} for i in range(100)
    ]
    write_jsonl(files.gold, records)
    assert session_of(files).texts.use == "gold"
    write_jsonl(files.gold, records + [{"text": "One more"}])
    assert session_of(files).texts.use == "train"


# --- Marked beforehand


def test_pipeline_marks_else_rules_else_nothing(tmp_path):
    text = "My iphone or galaxy 8"
    marks = {}
    for name, trained in (("trained", True), ("new", False)):
        files = make_files(tmp_path / name, texts=[text], trained=trained)
        for prelabel in ("pipeline", "rules", "none"):
            [task] = session_of(files, prelabel=prelabel).texts.next(1, [])
            marks[name, prelabel] = [" ".join(task["words"][a:b]) for a, b, _ in task["spans"]]
    assert marks["trained", "pipeline"] == ["iphone", "galaxy 8"]
    assert marks["trained", "rules"] == ["iphone"]
    assert not any(
        marks[key] for key in (("trained", "none"), *(("new", p) for p in ("pipeline", "rules")))
    )


def test_pipeline_that_is_trained_anew_is_used_at_once(tmp_path):
    files = make_files(tmp_path)
    stages = Stages({"pipeline": files.pipeline})
    assert [e.text for e in stages.find("pipeline", "a kindle, an iphone").ents] == ["iphone"]
    rules = write_jsonl(tmp_path / "new.jsonl", [{"label": "X", "pattern": "kindle"}])
    build_rules(LANG, rules, files.suggestions).to_disk(files.pipeline)
    assert [e.text for e in stages.find("pipeline", "a kindle, an iphone").ents] == ["kindle"]
    (files.pipeline / "config.cfg").write_text("[broken")
    os.utime(files.pipeline / "meta.json", (1, 1))
    with pytest.raises(InputError, match="can't be loaded"):
        stages.find("pipeline", "x")


def test_texts_from_elsewhere_with_spans_that_do_not_fit(tmp_path):
    files = make_files(tmp_path)
    spans = [{"start": 3, "end": 9, "label": "GADGET"}, {"start": 4, "end": 8, "label": "GADGET"}]
    write_jsonl(files.gold, [{"text": "My iphone", "spans": spans}, {"text": "my iphone"}])
    texts = session_of(files, use="gold").texts
    shown = texts.before(0)
    assert shown["spans"] == [(1, 2, "GADGET")]
    assert "is not on token boundaries" in shown["problems"][0]
    assert "The same text is on line 1" in texts.before(None)["problems"][0]
    texts.save({**shown, "spans": [[1, 2, "GADGET"]], "answer": "accept"})
    assert len(read_jsonl(files.gold)[0]["spans"]) == 1
    with pytest.raises(InputError, match="no answer before"):
        texts.before(2)


def test_answers_are_listed_and_searched(tmp_path):
    files = make_files(tmp_path)
    records = [{"text": f"Text {i}", "spans": [], "flagged": i == 3} for i in range(150)]
    records[7]["spans"] = [{"start": 0, "end": 4, "label": "Brand"}]
    write_jsonl(files.gold, records)
    texts = session_of(files, use="gold").texts
    assert [row["place"] for row in texts.listed("", False)] == list(range(149, 49, -1))
    assert [row["place"] for row in texts.listed("TEXT 12", False)] == [*range(129, 119, -1), 12]
    assert [row["place"] for row in texts.listed("brand", False)] == [7]
    assert [row["place"] for row in texts.listed("", True)] == [3]


# --- Figures


def test_measured_interval_is_scaled_by_the_texts():
    metrics = {
        "measures": "accuracy",
        "test": {"texts": 300},
        "pipeline": {"ents_f": 0.7, "ents_f_ci": [0.65, 0.75]},
    }
    # With the texts that were measured it is what the report says, however they were split
    assert width(Counts(650, 400, 0, 300, 200), metrics) == pytest.approx(0.1)
    assert width(Counts(150, 100, 0, 75, 50), metrics) == pytest.approx(0.2)
    # Agreement with the rules says nothing of gold, and its score is no better guess
    agreement = {**metrics, "measures": "agreement", "pipeline": {"ents_f": 1.0, "ents_f_ci": None}}
    counts = Counts(600, 400, 0, 300, 200)
    assert width(counts, agreement) == width(counts) > 0.1
    assert width(Counts(600, 19, 0, 300, 9)) is None


@pytest.mark.parametrize("n_texts, rate", [(100, 0.8), (300, 0.75)])
def test_guessed_interval_is_near_to_a_resampled_one(n_texts, rate):
    rng = numpy.random.default_rng(0)
    entities = rng.poisson(rate, n_texts)
    found = rng.binomial(entities, 0.7)
    rows = numpy.stack([found, entities - found, entities - found], 1)
    low, high = interval(bootstrap_f(rows, 0))
    guessed = width(Counts(2 * n_texts, 0, 0, n_texts, int(entities.sum())))
    assert high - low == pytest.approx(guessed, rel=0.25)


def test_progress_in_words(tmp_path):
    records = [
        {"text": f"Text {i}", "spans": [{"start": 0, "end": 4, "label": "X"}]} for i in range(100)
    ]
    store = Store(
        write_jsonl(tmp_path / "gold.jsonl", [*records, {"text": "No", "answer": "reject"}])
    )
    n_test = [gold_side(record["text"]) for record in records].count("test")
    counts = count(store)
    assert counts == Counts(100, 100, 1, n_test, n_test)
    missing = tmp_path / "metrics.json"
    guess = (
        "The 95% interval of F1 will be some 26 points wide, with 100 more texts about 18 points: a "
        "guess from the number of marks, until a run measures it."
    )
    assert describe("gold", counts, missing) == guess
    assert "Too few" in describe("gold", Counts(0, 0, 0), missing)
    assert (
        describe("train", Counts(1, 2, 0), missing)
        == "The model will learn from 1 text with 2 marks."
    )
    missing.write_text("{broken")
    assert describe("gold", counts, missing) == guess
    scores = {"ents_f_ci": [0.5, 0.79]}
    metrics = {"measures": "accuracy", "test": {"texts": n_test}, "pipeline": scores}
    missing.write_text(json.dumps(metrics))
    assert describe("gold", counts, missing) == (
        "The 95% interval of F1 is 29 points wide, going by the last run; with 100 more texts about "
        "20 points."
    )


# --- Terms


@pytest.fixture
def terms(tmp_path):
    files = make_files(tmp_path, texts=sentences(), rules=PATTERNS, trained=False)
    session = session_of(files)
    session.terms.show()
    wait_until(lambda: not session.terms.busy)
    return session.terms, files


def said(terms, answer):
    question = terms.show()["questions"][0]
    terms.answer({**question, "answer": answer})
    return question


def test_terms_are_answered_and_taken_back(terms):
    terms, files = terms
    first = said(terms, "accept")
    assert first["count"] > 1 and [True] in [
        [flag for _, flag in e if flag] for e in first["examples"]
    ]
    assert read_jsonl(files.suggestions)[0]["answer"] == "accept"
    assert f"1 answer, about {first['count']} more" in terms.show()["status"]
    second = said(terms, "reject")
    with pytest.raises(InputError, match="Another question"):
        terms.answer({**second, "answer": "accept"})  # said twice
    terms.undo()
    assert terms.show()["questions"][0] == second
    terms.undo()
    assert [record["answer"] for record in read_jsonl(files.suggestions)[:2]] == [None, None]
    assert not terms.show()["can_undo"]
    with pytest.raises(InputError, match="Unknown answer"):
        terms.answer({**first, "answer": "perhaps"})


def test_terms_are_ranked_anew_while_others_are_asked(terms):
    terms, files = terms
    asking = terms.asking
    n_first = len(read_jsonl(files.suggestions))
    assert n_first == len(asking.queue) > 10
    real, released = asking.rank, []

    def slow():
        wait_until(lambda: released)
        return real()

    asking.rank = slow
    while len(asking.queue) - asking.current > 10:
        said(terms, "reject")
    assert terms.show()["busy"]
    for _ in range(5):  # nobody waits for the ranking
        assert said(terms, "reject")
    released.append(True)
    wait_until(lambda: not terms.busy)
    assert len(read_jsonl(files.suggestions)) > n_first
    shown = [question["text"] for question in terms.show()["questions"]]
    assert len(shown) == len(set(shown))


@pytest.mark.slow
def test_terms_end_in_words(terms):
    terms, files = terms
    while True:
        shown = terms.show()
        if shown["questions"]:
            said(terms, "ignore")
        elif shown["finished"]:
            break
        wait_until(lambda: not terms.busy)
    write_jsonl(files.suggestions, [{"text": "x", "label": "Nobody has it", "answer": None}])
    terms.retry()
    terms.show()
    wait_until(lambda: not terms.busy)
    assert "No pattern has the label" in terms.show()["problem"]


def test_guide_is_shown_by_paragraphs(tmp_path):
    files = make_files(tmp_path)
    files.guide.write_text("# Guide\n\nOne\ntwo.\n\n1. Three\n   four\n   - five\n2. six\n")
    shown = session_of(files).state()["guide"]
    assert shown == "# Guide\n\nOne two.\n\n1. Three four\n   - five\n2. six\n"
    assert session_of(files._replace(guide=None)).state()["guide"] == ""


# --- A command as a process of its own


def test_run_uses_the_files_of_the_page(tmp_path, monkeypatch):
    files = make_files(tmp_path, trained=False)
    monkeypatch.chdir(ROOT)
    shown = session_of(files).runner.shown
    assert f"--vars.gold {files.gold.as_posix()}" in shown and f"--vars.lang {LANG}" in shown
    assert "--vars.seed" not in shown  # as project.yml has it
    monkeypatch.chdir(tmp_path)
    assert "--vars.seed 0" in session_of(files).runner.shown


def test_run_shows_output_and_code():
    code = "print('\\x1b[32mgreen\\x1b[0m \\u00fc'); import sys; print('bad', file=sys.stderr); sys.exit(3)"
    runner = Runner([sys.executable, "-X", "utf8", "-c", code], "shown")
    assert runner.show(0) == {
        "command": "shown",
        "output": "",
        "end": 0,
        "started": False,
        "code": None,
    }
    runner.start()
    wait_until(lambda: runner.show(0)["code"] is not None)
    shown = runner.show(0)
    assert shown["code"] == 3 and "green ü" in shown["output"] and "bad" in shown["output"]
    assert runner.show(shown["end"])["output"] == ""


def test_run_keeps_only_the_end_of_much_output():
    runner = Runner([sys.executable, "-c", "for i in range(60000): print('line', i)"], "")
    runner.start()
    wait_until(lambda: runner.show(0)["code"] is not None)
    shown = runner.show(0)
    assert len(shown["output"]) <= 200_000 and shown["output"].endswith("line 59999\n")
    assert shown["end"] > 600_000


@pytest.mark.skipif(os.name != "posix", reason="looks at processes")
def test_stop_ends_all_that_was_started(tmp_path):
    child = (
        f"import time, pathlib; pathlib.Path({str(tmp_path / 'started')!r}).touch(); time.sleep(60)"
    )
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    runner = Runner([sys.executable, "-c", code], "")
    runner.start()
    runner.start()  # once is enough
    wait_until((tmp_path / "started").exists)
    group = runner.process.pid
    runner.stop()
    wait_until(lambda: not runner.running)

    def is_gone():
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        return False

    wait_until(is_gone, 10)
    runner.stop()
