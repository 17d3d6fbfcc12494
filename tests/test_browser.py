"""Report and interactive page in a real browser: Chromium from the system, driven by Playwright."""

import pytest
import srsly
from helpers.browsing import VIEWS, check_with_axe, launched
from helpers.little import CHECKED, HOSTILE, WORDS, little_project, little_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with hostile texts and two labels."""
    records = [
        (HOSTILE, [(0, 8, "GADGET")]),
        ("We like acme", [(8, 12, "GADGET")]),
        ("No kindle here", [(3, 9, "GADGET")]),
        ("Each pixel counts", []),
        ("My iphone", [(3, 9, "GADGET")]),
    ]
    words = {**WORDS, "rules": {"GADGET": ["iphone", "pixel", "<script>alert(5)</script>"]}}
    project = little_project(tmp_path_factory.mktemp("little"), records, words)
    srsly.write_json(project["data_check"], CHECKED)
    little_report(project)
    return project["report"]


@pytest.fixture
def page(browser, report):
    """The report, opened from disk; what goes wrong on it fails the test."""
    page = browser.new_page()
    problems, requests = [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    yield page
    assert problems == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    page.close()


def shown(page):
    return page.locator(".example:visible").count()


def test_report_opens(page):
    assert page.locator("h1").count() == 1
    assert page.locator("svg[role=img]").count() == 4


def test_hostile_text_is_text(page):
    text = page.locator(".example").first.inner_text()
    assert "<script" in text and "alert(1)</script>" in text and "<img src=x" in text
    for code in ("U+001B", "U+0000", "U+202E"):
        assert code in text
    assert page.locator(".example script, .example img").count() == 0


def test_filter_by_mouse(page):
    everything = shown(page)
    page.get_by_text("spurious", exact=True).and_(page.locator("label")).click()
    assert 0 < shown(page) < everything
    assert page.locator("#shown").inner_text() == f"{shown(page)} texts shown"
    page.locator("#label").select_option("BRAND")
    assert page.locator("#shown").inner_text() == "0 texts shown"
    page.get_by_text("all", exact=True).and_(page.locator("label")).click()
    assert page.locator("#shown").inner_text() == "1 text shown"


def test_filter_by_keyboard(page):
    everything = shown(page)
    page.locator("body").focus()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "kind":
            break
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "missed"
    assert 0 < shown(page) < everything
    outline = "getComputedStyle(document.activeElement.parentElement).outlineStyle"
    assert page.evaluate(outline) == "solid"


@pytest.mark.parametrize("width, scheme", VIEWS)
def test_report_fits_and_is_accessible(page, width, scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    check_with_axe(page)


def test_report_prints(page, tmp_path):
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
    page.emulate_media(media="print")
    assert not page.locator("#kind").is_visible()
