"""Chromium from the system, driven by Playwright. Importing this skips a module where it is missing."""

import shutil
from contextlib import contextmanager
from typing import Any, Iterator

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if not CHROMIUM:
    pytest.skip("Chromium is not installed", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

FLAGS = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
VIEWS = [(width, scheme) for width in (1280, 360) for scheme in ("light", "dark")]


@contextmanager
def launched() -> Iterator[Any]:
    """YIELDS (Any): The browser."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


def check_with_axe(page: Any) -> None:
    """Fail if the page is hard to use for people with a disability."""
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in serious] == []
