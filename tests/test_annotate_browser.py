"""The page of `annotate` in a real browser: mouse, keys and touch, and what may go wrong meanwhile."""

import errno
import json
import os
import re
import statistics
import sys
import time
from contextlib import ExitStack

import pytest
from helpers.annotate_page import RULES, Process, Thread, make_files, read_records
from helpers.browsing import CHROMIUM, FLAGS, VIEWS, check_with_axe, expect, launched
from helpers.little import build_rules
from helpers.running import LANG, ROOT, read_jsonl, write_jsonl
from helpers.suggest_data import PATTERNS, sentences

from reading.patterns import blank

pytestmark = pytest.mark.slow
NLP = blank(LANG)
# What the browser says when the program is gone
ENDED = ["ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_REFUSED"]
PHONES = "My iphone and a pixel, not an iPhone or a pear"


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


class Opened:
    """A page on made-up texts, and what can be seen of it."""

    def __init__(self, page, server, files):
        self.page, self.server, self.files = page, server, files

    def gold(self):
        """RETURNS (list): What is in the file, once all is saved."""
        self.page.get_by_text("Saved", exact=True).wait_for()
        return read_records(self.files.gold)

    def words(self):
        return self.page.locator("#text .word").all_inner_texts()

    def word(self, text, number=0):
        exactly = re.compile(rf"^{re.escape(text)}$")
        return self.page.locator("#text .word", has_text=exactly).nth(number)

    def marks(self):
        """RETURNS (list): Words and label of each mark on the page."""
        script = "marks => marks.map(m => [m.innerText.slice(0, -m.lastChild.innerText.length), m.lastChild.innerText])"
        return [
            (t.strip(), label) for t, label in self.page.locator("#text mark").evaluate_all(script)
        ]

    def drag(self, start, end):
        """Drag the mouse from the middle of one word to that of another."""
        for word, act in ((start, self.page.mouse.down), (end, self.page.mouse.up)):
            box = word.bounding_box()
            self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
            act()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)


def marked(record):
    return [(record["text"][s["start"] : s["end"]], s["label"]) for s in record["spans"]]


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens pages; what goes wrong on them, and every request to elsewhere, fails the test."""
    with ExitStack() as stack:
        problems, requests = [], []

        def open_page(
            texts,
            rules=RULES,
            view="texts",
            expected=(),
            use="gold",
            prepare=None,
            server=None,
            **context,
        ):
            files = make_files(tmp_path, texts=texts, rules=rules)
            if prepare:
                prepare(files)
            server = server or stack.enter_context(Thread(files, use=use))
            made = browser.new_context(**context)
            stack.callback(made.close)
            page = made.new_page()

            def note(text):
                if not any(part in text for part in expected):
                    problems.append(text)

            page.on("console", lambda message: note(message.text))
            page.on("pageerror", lambda error: note(str(error)))
            page.on("dialog", lambda dialog: (note(dialog.type), dialog.accept()))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(f"{server.address}#{view}")
            opened = Opened(page, server, files)
            if view == "texts":
                page.locator("#text .word").first.wait_for()
            return opened

        yield open_page
    assert problems == []
    assert [url for url in requests if not url.startswith(("http://127.0.0.1:", "data:"))] == []


# --- Mouse, keys, touch


def test_mouse_marks_changes_and_removes(open_page):
    opened = open_page([PHONES])
    assert opened.marks() == [("iphone", "GADGET"), ("pixel", "GADGET"), ("iPhone", "GADGET")]
    opened.word("pear").click()  # a word that has no mark gets one
    opened.word("pixel").click()  # one that has loses it
    opened.drag(opened.word("My"), opened.word("iphone"))  # over a mark: the new one stays
    assert opened.marks() == [("My iphone", "GADGET"), ("iPhone", "GADGET"), ("pear", "GADGET")]
    opened.page.locator("#text mark .label").last.click()
    opened.page.locator("#choices button", has_text="BRAND").click()
    # From now on this label is given, also backwards and from the space before
    opened.drag(opened.word("pixel"), opened.word("a"))
    # The space before a word is none of it
    box = opened.word("not").bounding_box()
    opened.page.mouse.move(box["x"] - 2, box["y"] + 10)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 5, box["y"] + 10, steps=3)
    opened.page.mouse.up()
    wanted = [
        ("My iphone", "GADGET"),
        ("a pixel", "BRAND"),
        ("not", "BRAND"),
        ("iPhone", "GADGET"),
        ("pear", "BRAND"),
    ]
    assert opened.marks() == wanted
    opened.page.locator("#text mark .label").nth(2).click()
    opened.page.locator("#remove-mark").click()
    opened.page.locator("#accept").click()
    wanted.remove(("not", "BRAND"))
    assert [marked(record) for record in opened.gold()] == [wanted]


def test_keys_mark_change_and_remove(open_page):
    opened = open_page([PHONES])
    press, marks = opened.press, opened.marks
    press("ArrowRight", "ArrowRight", "Delete")
    assert marks() == [("pixel", "GADGET"), ("iPhone", "GADGET")]
    press("2")
    assert marks()[0] == ("iphone", "BRAND")
    press("1", "ArrowLeft", "Shift+ArrowRight", "Shift+ArrowRight", "2")
    assert marks()[0] == ("My iphone and", "BRAND")
    press("n", "2", "Shift+n", "Delete")  # to the next mark, and back
    assert marks() == [("pixel", "BRAND"), ("iPhone", "GADGET")]
    press("End", "1", "Home", "Shift+ArrowRight", "1", "a")
    wanted = [("My iphone", "GADGET"), ("pixel", "BRAND"), ("iPhone", "GADGET"), ("pear", "GADGET")]
    assert marked(opened.gold()[0]) == wanted


def test_equal_forms_are_marked_at_once(open_page):
    opened = open_page(["Kindle Fire, kindle fire! A fire, a KINDLE FIRE and a kindle"])
    opened.press("ArrowRight", "Shift+ArrowRight", "m")
    assert [text for text, _ in opened.marks()] == ["Kindle Fire", "kindle fire", "KINDLE FIRE"]
    opened.press("2", "m")  # the others are marked already
    assert [label for _, label in opened.marks()] == ["BRAND", "GADGET", "GADGET"]


def test_undo_and_redo(open_page):
    opened = open_page([PHONES])
    states = [opened.marks()]
    for act in (
        lambda: opened.word("pear").click(),
        lambda: opened.press("2"),
        lambda: opened.press("Delete"),
    ):
        act()
        states.append(opened.marks())
    assert len({str(state) for state in states[:3]}) == 3
    for state in states[-2::-1]:
        opened.press("Control+z")
        assert opened.marks() == state
    opened.press("Control+z")  # nothing is left
    for state in states[1:]:
        opened.press("Control+Shift+z")
        assert opened.marks() == state
    opened.page.locator("#undo").click()
    assert opened.marks() == states[-2]
    opened.press("1")
    assert opened.page.locator("#redo").is_disabled()


def test_lines_are_moved_over_where_they_are_seen(open_page):
    opened = open_page([" ".join(f"word{number}" for number in range(80))])
    cursor = opened.page.locator("#text .cursor")
    opened.press("ArrowRight", "ArrowRight", "ArrowRight")
    first = cursor.bounding_box()
    opened.press("ArrowDown")
    below = cursor.bounding_box()
    assert 20 < below["y"] - first["y"] < 80 and abs(below["x"] - first["x"]) < 80
    opened.press("Shift+ArrowDown")
    assert opened.page.locator("#text .word.selected").count() > 5
    opened.press("ArrowUp", "ArrowUp")
    assert cursor.bounding_box()["y"] == first["y"]


def test_touch_marks_changes_and_removes(open_page):
    context = {"has_touch": True, "is_mobile": True, "viewport": {"width": 360, "height": 740}}
    opened = open_page([PHONES], **context)
    page = opened.page
    opened.word("pear").tap()
    opened.word("pixel").tap()
    assert [text for text, _ in opened.marks()] == ["iphone", "iPhone", "pear"]
    page.locator("#text mark .label").last.tap()
    page.locator("#choices button", has_text="BRAND").tap()
    send = page.context.new_cdp_session(page).send

    def swipe(start, end):
        for kind, word, at in (
            ("touchStart", start, 0.5),
            ("touchMove", end, 0.2),
            ("touchMove", end, 0.6),
        ):
            box = word.bounding_box()
            x, y = box["x"] + box["width"] * at, box["y"] + box["height"] / 2
            send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(opened.word("and"), opened.word("pixel"))
    wanted = [
        ("iphone", "GADGET"),
        ("and a pixel", "BRAND"),
        ("iPhone", "GADGET"),
        ("pear", "BRAND"),
    ]
    assert opened.marks() == wanted
    opened.word("iPhone").tap()
    page.locator("#text mark .label").first.tap()
    page.locator("#mark-equal").tap()
    assert opened.marks() == wanted
    page.locator("#flag").tap()
    page.locator("#accept").tap()
    [record] = opened.gold()
    assert marked(record) == wanted and record["flagged"] is True


def test_forty_labels(open_page):
    labels = [f"LABEL_NUMBER_{number}" for number in range(1, 41)]
    rules = [{"label": label, "pattern": f"zz{label}"} for label in labels]
    opened = open_page(["One two three four"], rules=rules, viewport={"width": 360, "height": 740})
    page = opened.page
    opened.press("ArrowRight", "0", "ArrowRight", "9", "ArrowRight", "r")
    page.keyboard.type("er_37")
    opened.press("Enter", "ArrowRight", "r", "ArrowDown", "ArrowDown", "Enter")
    assert [label for _, label in opened.marks()] == [labels[9], labels[8], labels[36], labels[38]]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("#text mark .label").first.click()
    page.locator("#find-label").fill("Made just now")
    page.get_by_text("Add Made just now").click()
    opened.press("a")
    assert opened.gold()[0]["spans"][0]["label"] == "Made just now"


# --- Answers, back and forth


def test_accept_skip_reject_flag_and_back(open_page):
    opened = open_page([f"Text number {number}" for number in range(5)])
    order = [" ".join(opened.words())]

    def press(key):
        opened.press(key)
        order.append(" ".join(opened.words()))

    press("f")
    press("Enter")
    press(" ")
    press("x")
    press("Backspace")
    assert len(set(order[:5])) == 4
    records = opened.gold()
    assert [(r["text"], r["answer"], r.get("flagged")) for r in records] == [
        (order[0], "accept", True),
        (order[3], "reject", None),
    ]
    opened.page.get_by_text("Answer 2 of 2, rejected").wait_for()
    press("Backspace")
    opened.page.get_by_text("Answer 1 of 2, accepted").wait_for()
    assert opened.page.locator("#flag").get_attribute("aria-pressed") == "true"
    opened.press("Escape")
    assert opened.words() not in [text.split() for text in (*order[:2], order[3])]


def test_skipped_by_mistake(open_page):
    opened = open_page([f"Text number {number}" for number in range(5)])
    first = opened.words()
    opened.press("2", " ")
    assert opened.words() != first
    opened.press("Backspace")
    assert opened.words() == first
    opened.press("a")
    assert opened.gold()[0]["text"] == " ".join(first)


def test_skipped_texts_come_again_at_the_end(open_page):
    opened = open_page(["One text", "Two text", "Three text"])
    skipped = opened.words()
    opened.press(" ", "a", "a")
    expect(opened.page.locator("#text")).to_have_text(" ".join(skipped))
    opened.press("a")
    opened.page.get_by_text("All texts are done").wait_for()
    assert len(opened.gold()) == 3


@pytest.mark.parametrize("is_held", [False, True])
def test_skipping_faster_than_the_answers_come(open_page, is_held):
    texts = [f"Text number {number}" for number in range(40)]
    opened = open_page(texts)
    page, session = opened.page, opened.server.session
    for name in ("skip", "next"):
        slowed(session.texts, name, 0.03)
    page.evaluate(
        """() => {
            window.seen = [document.querySelector("#text").textContent];
            const note = () => seen.push(document.querySelector("#text").textContent);
            new MutationObserver(note).observe(document.querySelector("#text"), { childList: true });
        }"""
    )

    def seen():
        return [text for text in page.evaluate("seen") if text]

    if is_held:  # a key that is held down comes again and again without going up
        for _ in range(50):
            page.keyboard.down(" ")
        assert len(seen()) == 2
        return
    end = time.monotonic() + 60
    while len(seen()) < 60 and time.monotonic() < end:
        for _ in range(10):
            page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('#text').textContent")
    assert page.locator("#done").is_hidden()
    shown = seen()
    rounds = [shown[start : start + 40] for start in range(0, len(shown), 40)]
    assert len(rounds) > 1 and set(rounds[0]) == set(texts)
    assert all(len(set(texts)) == len(texts) for texts in rounds)
    # All of them are still there
    for _ in range(40):
        expect(page.locator("#text .word").first).to_be_visible()
        opened.press("a")
    page.get_by_text("All texts are done").wait_for()
    assert {record["text"] for record in opened.gold()} == set(texts)


def slowed(part, name, seconds):
    """Make the server take its time for something."""
    real = getattr(part, name)

    def slow(*given):
        time.sleep(seconds)
        return real(*given)

    setattr(part, name, slow)


def test_loading_is_said_at_once(open_page):
    opened = open_page(["One text"])
    page = opened.page
    loading = page.get_by_role("status").get_by_text("Loading…")
    assert loading.is_hidden()
    slowed(opened.server.session.texts, "next", 1.0)
    page.reload(wait_until="commit")
    loading.wait_for()
    assert opened.words() == []
    page.locator("#text .word").first.wait_for()
    assert loading.is_hidden()
    opened.press("a")
    page.get_by_text("All texts are done").wait_for()
    assert loading.is_hidden()


def test_what_marked_a_text_beforehand_is_said(open_page):
    opened = open_page(
        [f"My iphone and a galaxy {number}" for number in range(12)],
        prepare=lambda files: (files.pipeline / "meta.json").unlink(),
    )
    what = opened.page.locator("#what")
    expect(what).to_have_text("To measure with, marked beforehand by the rules")
    build_rules(LANG, opened.files.patterns, opened.files.suggestions).to_disk(
        opened.files.pipeline
    )
    said = []
    for _ in range(11):
        opened.press("a")
        expect(what).to_have_text(re.compile("marked"))  # once the next text is there
        said.append(what.inner_text().removeprefix("To measure with, "))
    by_rules, by_pipeline = (f"marked beforehand by the {name}" for name in ("rules", "pipeline"))
    change = said.index(f"from now on {by_pipeline}")
    assert said[:change] == [by_rules] * change
    assert said[change + 1 :] == [by_pipeline] * (10 - change)


def test_answers_of_an_earlier_day_are_corrected(open_page):
    lines = [{"text": f"Day {number}", "spans": [], "meta": {"n": number}} for number in range(3)]
    opened = open_page(["A new text"], prepare=lambda files: write_jsonl(files.gold, lines))
    before = opened.files.gold.read_bytes().splitlines()
    opened.press("Backspace")
    opened.page.get_by_text("Answer 3 of 3").wait_for()
    opened.press("Backspace")
    opened.page.get_by_text("Answer 2 of 3").wait_for()
    opened.word("Day").click()
    opened.press("a")
    opened.page.get_by_text("Answer 3 of 3").wait_for()
    opened.press("a")  # unchanged
    opened.page.get_by_text("To measure with").wait_for()
    assert opened.words() == ["A", "new", "text"]
    records = opened.gold()
    assert marked(records[1]) == [("Day", "GADGET")] and records[1]["meta"] == {"n": 1}
    after = opened.files.gold.read_bytes().splitlines()
    assert [after[0], after[2]] == [before[0], before[2]]


def test_half_done_text_waits_while_another_is_looked_at(open_page):
    opened = open_page(
        ["One pear", "Two pear"],
        prepare=lambda files: write_jsonl(files.gold, [{"text": "Old pear", "spans": []}]),
    )
    words = opened.words()
    opened.press("ArrowRight", "2", "f", "Backspace")
    opened.page.get_by_text("Answer 1 of 1").wait_for()
    opened.press("ArrowRight", "1", "a")
    expect(opened.page.locator("#what")).to_contain_text("To measure with")
    assert (opened.words(), opened.marks()) == (words, [(words[0], "BRAND")])
    assert opened.page.locator("#flag[aria-pressed=true]").count() == 1
    opened.press(" ", "Backspace")  # skipped, and back
    assert (opened.words(), opened.marks()) == (words, [(words[0], "BRAND")])


def test_list_of_answers(open_page):
    lines = [{"text": f"Answer of day {n} <b>", "flagged": n == 3, "spans": []} for n in range(9)]
    opened = open_page(["A new text"], prepare=lambda files: write_jsonl(files.gold, lines))
    page = opened.page
    opened.press("l")
    rows = page.locator("#answer-list button")
    expect(page.locator("#answer-list button")).to_have_count(9)
    assert "Answer of day 8 <b>" in rows.first.inner_text()
    page.locator("#find-answer").fill("day 5")
    expect(rows).to_have_text(["Answer of day 5 <b>6 · 0 marks"])
    page.locator("#find-answer").fill("")
    page.locator("#only-flagged").check()
    expect(rows).to_have_text(["Answer of day 3 <b>4 · 0 marks · flagged"])
    rows.first.click()
    page.get_by_text("Answer 4 of 9").wait_for()
    assert opened.words()[3] == "3"


def test_key_that_is_held_down_answers_once(open_page):
    opened = open_page([f"Text number {number}" for number in range(5)])
    opened.page.keyboard.down("a")
    for _ in range(5):
        opened.page.keyboard.down("a")
    opened.page.keyboard.up("a")
    assert len(opened.gold()) == 1


# --- Any text


HARD = [
    "An 👩‍👩‍👧‍👦 family, a 🇩🇪 flag and 👍🏽 an iphone 📱📱 pixel",
    "Cafe\u0301 iphone\u0301 nai\u0308ve Z\u0351\u036b\u0343a\u0310lgo pixel",
    "קניתי iphone חדש והוא נשבר, pixel טוב יותר",
    "اشتريت iphone جديد",
    "One\nTwo iphone\r\n\r\nThree\ttab  two spaces \u00a0 pixel\u2028end",
    "zero\u200bwidth \u200b iphone\ufeff \u00ad pixel",
    "control \x1b[31m iphone \x00 \u202eback\u202c pixel",
    "<script>alert(1)</script> <img src=x onerror=alert(2)> &amp; iphone {{7*7}} ${7}",
    "  iphone  ",
]


@pytest.mark.parametrize("text", HARD)
def test_offsets_are_those_of_spacy(open_page, text):
    opened = open_page([text])
    doc = NLP.make_doc(text)
    assert opened.page.locator("#text .word").count() == len(doc)
    wanted = [token for token in doc if not token.is_space]
    # Each word by the keyboard: go there, remove what is marked, mark
    ahead = "ArrowLeft" if opened.page.locator("#text[dir=rtl]").count() else "ArrowRight"
    for number in range(len(wanted)):
        opened.press(ahead, "Delete", str(number % 2 + 1))
    opened.press("a")
    spans = [(s["start"], s["end"], s["label"]) for s in opened.gold()[0]["spans"]]
    labels = ["GADGET", "BRAND"]
    assert opened.gold()[0]["text"] == text
    assert spans == [(t.idx, t.idx + len(t), labels[i % 2]) for i, t in enumerate(wanted)]


def test_what_can_not_be_seen_is_shown(open_page):
    opened = open_page(["a \u200b b\x1bc \u202e d\n\ne"])
    shown = opened.page.locator("#text").inner_text()
    for code in ("U+200B", "U+001B", "U+202E"):
        assert code in shown
    heights = [opened.word(text).bounding_box() for text in ("a", "e")]
    assert heights[1]["y"] > heights[0]["y"] + 60  # the line break, and the empty line
    for box in (
        word.bounding_box() for word in opened.page.locator("#text .word:not(.space)").all()
    ):
        assert box["width"] > 3


def test_nothing_in_files_is_markup(open_page):
    evil = "<img src=x onerror=alert(1)>"
    rules = [{"label": evil, "pattern": [{"LOWER": "iphone"}], "id": evil}, *RULES]

    def prepare(files):
        files.guide.write_text(f"# Guide {evil}")
        write_jsonl(files.gold, [{"text": evil, "spans": [{"start": 0, "end": 1, "label": evil}]}])

    opened = open_page([f"My iphone {evil}"], rules=rules, prepare=prepare)
    page = opened.page
    opened.press("?")
    assert evil in page.locator("#guide").inner_text()
    opened.press("Escape", "l")
    page.locator("#answer-list button").first.wait_for()
    opened.press("Escape", "y")
    page.fill("#typed", f"iphone {evil}")
    page.locator("#found mark").first.wait_for()
    assert evil in page.locator("#found").inner_text()
    assert page.locator("img, main script").count() == 0


def test_very_long_text(open_page):
    text = " ".join(f"An iphone {number} fell." for number in range(5000))
    assert len(text) > 100_000
    opened = open_page([text])
    assert len(opened.marks()) == 5000
    opened.press("End", "1", "Home", "1", "a")
    spans = opened.gold()[0]["spans"]
    assert len(spans) == 5002 and (spans[-1]["start"], spans[-1]["end"]) == (
        len(text) - 1,
        len(text),
    )


# --- Nothing gets lost


def test_reload_keeps_what_is_half_done(open_page):
    opened = open_page(["My pear", "My plum"])
    words = opened.words()
    opened.press("ArrowRight", "ArrowRight", "2", "f")
    opened.page.reload()
    opened.page.locator("#text mark").wait_for()
    assert opened.words() == words and opened.marks() == [(words[1], "BRAND")]
    opened.press("a")
    assert opened.gold()[0]["flagged"] is True
    assert opened.page.locator("#elsewhere").is_hidden()


def test_lost_connection_keeps_answers_until_it_is_back(open_page):
    opened = open_page(
        [f"Text number {number}" for number in range(6)], expected=["ERR_INTERNET_DISCONNECTED"]
    )
    opened.press("a")
    assert len(opened.gold()) == 1
    opened.page.context.set_offline(True)
    opened.press("a", "a")
    opened.page.get_by_text("2 not saved").wait_for()
    assert "does not answer" in opened.page.locator("#problem").inner_text()
    assert len(read_records(opened.files.gold)) == 1
    opened.page.context.set_offline(False)
    assert len(opened.gold()) == 3
    assert opened.page.locator("#problem").is_hidden()


def test_answers_on_their_way_outlive_a_reload(open_page):
    opened = open_page(
        [f"Text number {number}" for number in range(6)], expected=["ERR_FAILED", "beforeunload"]
    )
    opened.page.route("**/api/answer", lambda route: route.abort())
    opened.press("a")
    opened.page.get_by_text("1 not saved").wait_for()
    opened.page.unroute("**/api/answer")
    opened.page.reload()
    assert len(opened.gold()) == 1


def test_full_disk_is_said_and_the_answer_kept(open_page, monkeypatch):
    opened = open_page(["My pear", "My plum"], expected=["status of 507"])

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        opened.press("a")
        opened.page.get_by_text("1 not saved").wait_for()
        problem = opened.page.locator("#problem").inner_text()
        assert "No space left on device" in problem and "Your answer is kept" in problem
        assert opened.files.gold.read_bytes() == b""
    opened.page.locator("#problem-retry").click()
    assert len(opened.gold()) == 1


def test_file_that_was_changed_meanwhile(open_page):
    lines = [{"text": f"Day {number}", "spans": []} for number in range(3)]
    opened = open_page(
        ["A new text"],
        expected=["status of 409"],
        prepare=lambda files: write_jsonl(files.gold, lines),
    )
    opened.press("Backspace")
    opened.page.get_by_text("Answer 3 of 3").wait_for()
    lines[2]["answer"] = "reject"
    write_jsonl(opened.files.gold, lines)
    opened.word("Day").click()
    opened.press("a")
    opened.page.get_by_text("another answer there by now").wait_for()
    assert read_records(opened.files.gold) == lines
    opened.page.locator("#problem-drop").click()
    opened.press("a")
    assert [record["text"] for record in opened.gold()][3:] == ["A new text"]


def test_second_tab(open_page):
    opened = open_page(["My pear", "My plum", "My kiwi"], expected=["status of 409"])
    first = opened.page
    second = first.context.new_page()
    second.goto(opened.server.address)
    second.locator("#elsewhere").wait_for()
    both = opened.words()
    second.keyboard.press("a")
    assert read_records(opened.files.gold) == []
    second.locator("#write-here").click()
    second.locator("#elsewhere").wait_for(state="hidden")
    second.locator("#text .word").first.wait_for()  # it looks again what is open
    second.keyboard.press("a")
    second.get_by_text("Saved", exact=True).wait_for()
    first.locator("#elsewhere").wait_for()  # without a key, since it was told
    first.bring_to_front()
    opened.press("ArrowRight", "x")
    assert len(read_records(opened.files.gold)) == 1
    first.locator("#write-here").click()
    first.locator("#elsewhere").wait_for(state="hidden")
    first.locator("#text .word").first.wait_for()
    expect(first.locator("#text")).not_to_have_text(" ".join(both))  # the other one answered it
    opened.press("a")
    assert len(opened.gold()) == 2


def test_turn_goes_to_the_tab_that_is_left(open_page):
    opened = open_page(["My pear", "My plum"], expected=["status of 409"])
    second = opened.page.context.new_page()
    second.goto(opened.server.address)
    second.locator("#elsewhere").wait_for()
    opened.page.close()
    second.evaluate("dispatchEvent(new Event('focus'))")  # headless windows never lose it
    second.locator("#elsewhere").wait_for(state="hidden")
    second.locator("#text .word").first.wait_for()  # it looks again what is open
    second.keyboard.press("a")
    second.get_by_text("Saved", exact=True).wait_for()


def test_no_other_tab_is_never_said_to_be_one(open_page, browser):
    """Neither after a browser that ended without a word, nor after a reload or a closed tab."""
    opened = open_page(["My pear", "My plum"])
    opened.page.context.close()
    for how in ("browser", "context", "page", "reload", "leave"):
        other = browser.browser_type.launch(executable_path=CHROMIUM, args=FLAGS)
        context = other.new_context()
        page = context.new_page()
        for _ in range(2):
            page.goto(opened.server.address)
            page.locator("#text .word").first.wait_for()
            page.wait_for_function("() => state.writes !== null")
            assert page.locator("#elsewhere").is_hidden(), how
            assert page.evaluate("state.writes") is True
            if how == "reload":
                page.reload()
            elif how == "leave":
                page.goto("about:blank")
            elif how == "page":
                page.close()
                page = context.new_page()
        if how == "context":
            context.close()
        other.close()


# --- Terms, try, run


@pytest.fixture
def terms(open_page):
    opened = open_page(sentences(), rules=PATTERNS, view="terms")
    opened.page.locator("#term strong").wait_for(timeout=60_000)
    opened.term = lambda: opened.page.locator("#term strong").inner_text()
    return opened


def test_terms_by_keys(terms):
    page = terms.page
    asked = [terms.term()]
    for key in ("a", "x", " "):
        terms.press(key)
        asked.append(terms.term())
    page.get_by_text("Saved", exact=True).wait_for()
    page.get_by_text("3 answers").wait_for()
    records = read_jsonl(terms.files.suggestions)[:4]
    assert [record["text"] for record in records] == asked
    assert [record["answer"] for record in records] == ["accept", "reject", "ignore", None]
    terms.press("Backspace")
    page.get_by_text("2 answers").wait_for()
    assert terms.term() == asked[2]
    terms.press("Control+z", "u")
    page.get_by_text("0 answers").wait_for()
    assert terms.term() == asked[0] and page.locator("#term-undo").is_disabled()
    assert page.locator("#examples mark").count() >= 1


def test_terms_by_mouse_until_nothing_is_left(terms):
    page = terms.page
    for _ in range(200):
        if page.locator("#term-reject").is_enabled():
            page.locator("#term-reject").click()
        elif "Nothing is left" in page.locator("#terms-wait").inner_text():
            break
        else:
            page.wait_for_timeout(50)
    assert "Nothing is left" in page.locator("#terms-wait").inner_text()
    answers = [record["answer"] for record in read_jsonl(terms.files.suggestions)]
    assert len(answers) > 5 and set(answers) == {"reject"}


def test_terms_of_a_broken_file(open_page):
    opened = open_page(
        sentences(50),
        rules=PATTERNS,
        view="terms",
        prepare=lambda files: files.suggestions.write_text("{broken\n"),
    )
    opened.page.get_by_text("line 1: Broken JSON").wait_for(timeout=60_000)
    opened.files.suggestions.write_text("")
    opened.page.locator("#terms-retry").click()
    opened.page.locator("#term strong").wait_for(timeout=60_000)


def test_try_a_text_and_page_through_the_texts(open_page):
    opened = open_page([f"An iphone or a galaxy {number}" for number in range(35)], view="try")
    page = opened.page
    page.locator("#typed").fill("taxi: my iphone, a galaxy 8 \u202e")
    page.locator("#found mark").nth(1).wait_for()
    found = [" ".join(mark.split()) for mark in page.locator("#found mark").all_inner_texts()]
    assert found == ["iphoneGADGET · phones", "galaxy 8GADGET"]
    assert "U+202E" in page.locator("#found").inner_text()
    page.locator("label", has_text="rules").click()
    page.locator("#found mark").nth(1).wait_for(state="detached")
    assert page.locator("input[value=model]").is_disabled()
    assert page.locator("#listed li").count() == 10
    page.locator("#page-number").fill("4")
    page.locator("#page-number").press("Enter")
    expect(page.locator("#listed li")).to_have_count(5)
    assert page.locator("#listed li").last.inner_text().startswith("35")
    page.locator("#page-back").click()
    expect(page.locator("#listed li")).to_have_count(10)
    # What is typed there is no command
    page.locator("#typed").press_sequentially("axt e")
    assert page.locator("#try").is_visible() and read_records(opened.files.gold) == []


def test_nothing_to_try_yet(open_page):
    opened = open_page(
        ["An iphone"],
        view="try",
        prepare=lambda files: [(f / "meta.json").unlink() for f in (files.rules, files.pipeline)],
    )
    expect(opened.page.locator("#found")).to_have_text("There is nothing to try yet. Run first.")
    build_rules(LANG, opened.files.patterns, opened.files.suggestions).to_disk(opened.files.rules)
    opened.press("t", "y")
    opened.page.locator("#typed").fill("An iphone")
    opened.page.locator("#found mark").wait_for()


def test_views_by_keys(open_page):
    opened = open_page(["One text"])
    for key, view in (("y", "try"), ("e", "terms"), ("t", "texts")):
        opened.press(key)
        assert opened.page.locator(f"#{view}").is_visible()
    opened.page.locator("#tab-texts").focus()
    opened.press("ArrowRight")
    assert opened.page.locator("#terms").is_visible()
    assert opened.page.evaluate("document.activeElement.id") == "tab-terms"


def test_run_and_report(open_page):
    opened = open_page(["One text"])
    page = opened.page
    opened.server.session.runner.command = [
        sys.executable,
        "-c",
        f"import pathlib; print('<b>trained</b>'); pathlib.Path({str(opened.files.report)!r}).write_text('<h1>Report</h1>')",
    ]
    page.locator("#open-run").click()
    expect(page.locator("#run-command")).to_contain_text("spacy project run all")
    assert page.locator("#run-report").is_hidden()
    page.locator("#run-start").click()
    page.get_by_text("Done.").wait_for()
    assert "<b>trained</b>" in page.locator("#run-output").inner_text()
    with page.expect_popup() as popup:
        page.locator("#run-report").click()
    assert popup.value.locator("h1").inner_text() == "Report"


def test_output_of_a_run_is_followed_unless_somebody_reads_it(open_page):
    opened = open_page(["One text"])
    page, files = opened.page, opened.files
    files.metrics.write_text(
        json.dumps(
            {
                "measures": "agreement",
                "test": {"texts": 9, "entities": {"GADGET": 5}},
                "pipeline": {"ents_f": 0.9, "ents_f_ci": [0.8, 1.0]},
            }
        )
    )
    go_on = files.report.with_name("go on")
    opened.server.session.runner.command = [
        sys.executable,
        "-c",
        "import pathlib, sys, time\n"
        "for part in (1, 2, 3):\n"
        "    print(*(f'{part} line {i}' for i in range(200)), sep='\\n')\n"
        f"    while not pathlib.Path({str(go_on)!r} + str(part)).exists(): time.sleep(0.05)\n"
        "sys.exit(3)",
    ]
    page.locator("#open-run").click()
    page.locator("#run-start").click()
    output = page.locator("#run-output")

    def below(text):
        """RETURNS (float): How much is below what is seen, once a text is there."""
        expect(output).to_contain_text(text)
        return output.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight")

    assert below("1 line 199") < 5
    go_on.with_name("go on1").touch()
    assert below("2 line 199") < 5
    output.evaluate("e => e.scrollTop = 100")
    page.wait_for_timeout(100)
    go_on.with_name("go on2").touch()
    assert below("3 line 199") > 1000 and output.evaluate("e => e.scrollTop") == 100
    go_on.with_name("go on3").touch()
    page.get_by_text("It ended with an error.").wait_for()
    shown = page.locator("#run-ending p").all_inner_texts()
    assert shown == ["3 line 197", "3 line 198", "3 line 199"]
    opened.server.session.runner.command = [sys.executable, "-c", "print('All of it')"]
    page.locator("#run-start").click()
    page.get_by_text("Done.").wait_for()
    score, why = page.locator("#run-ending p").all_inner_texts()
    assert score == "F1 90.0, 95% interval 80.0 to 100.0, 5 test entities" and "No gold" in why


# --- Speed and looks


@pytest.mark.parametrize("n_texts", [2_440, 100_000])
def test_next_text_is_there_at_once(open_page, n_texts):
    shipped = [record["text"] for record in read_jsonl(ROOT / "assets" / "texts.jsonl")]
    texts = [f"{shipped[n % len(shipped)]} {n}" for n in range(n_texts)]
    opened = open_page(texts, rules=read_jsonl(ROOT / "assets" / "patterns.jsonl"))
    opened.page.evaluate(
        """() => {
            window.times = [];
            addEventListener("keydown", () => {
                const start = performance.now();
                // After the next frame is drawn
                requestAnimationFrame(() => {
                    const channel = new MessageChannel();
                    channel.port1.onmessage = () => times.push(performance.now() - start);
                    channel.port2.postMessage(0);
                });
            }, true);
        }"""
    )
    seen = set()
    for _ in range(40):
        seen.add(" ".join(opened.words()))
        opened.press("a")
        opened.page.wait_for_timeout(150)
    assert len(seen) == 40 == len(opened.gold())
    median = statistics.median(opened.page.evaluate("times"))
    print(f"{n_texts:,} texts: {median:.1f} ms")
    assert median < 50


@pytest.mark.parametrize("width, scheme", VIEWS)
def test_every_view_fits_and_is_accessible(open_page, width, scheme):
    texts = [*sentences(60), PHONES]
    lines = [{"text": f"Answer {number}", "spans": []} for number in range(3)]
    opened = open_page(
        texts,
        rules=[*PATTERNS, *RULES],
        prepare=lambda files: write_jsonl(files.gold, lines),
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )
    page = opened.page

    def check():
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, input:not([type=radio]):not([type=checkbox])")]
            .filter(e => e.offsetParent && !e.matches(".label"))
            .filter(e => e.offsetWidth < 44 || e.offsetHeight < 44).map(e => e.outerHTML)"""
        )
        assert small == []
        check_with_axe(page)

    opened.press("ArrowRight", "Shift+ArrowRight", "1", "f", "ArrowRight", "Shift+ArrowRight")
    check()
    for key in ("?", "l", "r"):
        opened.press(key)
        page.locator("dialog[open]").wait_for()
        check()
        opened.press("Escape")
    opened.press("e")
    page.locator("#term strong").wait_for(timeout=60_000)
    check()
    opened.press("y")
    page.fill("#typed", "An iphone")
    page.locator("#found mark").wait_for()
    check()
    page.locator("#open-run").click()
    check()


def test_focus_is_seen(open_page):
    opened = open_page(["One text"])
    names = []
    for _ in range(14):
        opened.press("Tab")
        style = opened.page.evaluate(
            """() => { const s = getComputedStyle(document.activeElement);
            return [document.activeElement.id, s.outlineStyle, s.borderInlineStartColor] }"""
        )
        names.append(style[0])
        assert style[1] == "solid" or style[0] in ("text", ""), style
    assert {"accept", "skip", "back", "flag", "tab-texts"} <= set(names)


def test_the_real_command_in_a_browser(open_page, tmp_path):
    files = make_files(tmp_path / "real", texts=[PHONES])
    with Process(files, "--for", "gold") as process:
        opened = open_page([PHONES], server=process, expected=ENDED)
        opened.word("pear").click()
        opened.press("a")
        opened.page.get_by_text("Saved", exact=True).wait_for()
        process.process.kill()
    [record] = read_jsonl(files.gold)
    assert marked(record)[-1] == ("pear", "GADGET")
