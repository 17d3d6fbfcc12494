"""Report and interactive page in a real browser: Chromium from the system, driven by Playwright."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import srsly
from helpers.little import CHECKED, HOSTILE, WORDS, little_project, little_report
from helpers.running import ROOT, environment

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if not CHROMIUM:
    pytest.skip("Chromium is not installed", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.slow
FLAGS = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
VIEWS = [(width, scheme) for width in (1280, 360) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


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
    _check_with_axe(page)


def test_report_prints(page, tmp_path):
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
    page.emulate_media(media="print")
    assert not page.locator("#kind").is_visible()


def _check_with_axe(page):
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in serious] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The interactive page, served on a free port."""
    pytest.importorskip("streamlit", reason="requirements-visualize.txt is not installed")
    project = little_project(tmp_path_factory.mktemp("site"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ["--server.address", "127.0.0.1", "--server.port", str(port)]
    quiet = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    stages = [part for stage in WORDS for part in (f"--{stage}", str(project[stage]))]
    texts = ["--texts", str(project["corpus"].parent / "texts.jsonl")]
    command = ["streamlit", "run", "scripts/visualize.py", *server, *quiet, "--", *stages, *texts]
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", *command],
        cwd=ROOT,
        env={**environment(), "STREAMLIT_CLIENT_TOOLBAR_MODE": "minimal"},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health")
                break
            except OSError:
                time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait()


def test_typed_text_gets_its_entities(browser, site):
    page = browser.new_page(color_scheme="dark", viewport={"width": 360, "height": 800})
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(site)
    text = page.get_by_label("Text", exact=True)
    text.wait_for(timeout=90_000)
    text.fill("<script>alert(1)</script> My iphone, a galaxy \u202e <img src=x onerror=alert(1)>")
    text.press("Control+Enter")
    page.get_by_text("U+202E").wait_for()
    marks = page.locator(".entities").first.locator("mark")
    found = [" ".join(mark.split()) for mark in marks.all_inner_texts()]
    assert found == ["iphoneGADGET · iphone", "galaxyGADGET · galaxy"]
    assert "<script>alert(1)</script>" in page.locator(".entities").first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_text("rules", exact=True).click()
    marks.nth(1).wait_for(state="detached")
    assert marks.count() == 1
    assert dialogs == []
    page.close()


def test_pages_through_a_file(browser, site):
    page = browser.new_page()
    page.goto(site)
    page.get_by_text("Page through a file").wait_for(timeout=90_000)
    _check_with_axe(page)
    page.get_by_text("Page through a file").click()
    path = page.get_by_label("File or folder with texts")
    page.get_by_text("Text 1 of 60").wait_for()
    number = page.get_by_label("Page, 1 to 6")
    number.fill("6")
    number.press("Enter")
    page.get_by_text("Text 60 of 60").wait_for()
    path.fill("/no/such.jsonl")
    path.press("Enter")
    page.get_by_text("The file does not exist").wait_for()
    page.close()
