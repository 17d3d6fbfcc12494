"""Open a page on this machine to mark texts, answer suggested terms, and try the pipelines."""

import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from typing import List, Optional

import typer
import uvicorn
from wasabi import msg

from annotating.server import listen, make_server, serve
from annotating.setup import Files, make_session
from reading.lines import make_missing
from shared.commands import MAX_SEED, run
from shared.errors import InputError, clear_errors


def annotate_cli(
    # fmt: off
    texts: Path = typer.Argument(
        ..., help="Raw texts: .jsonl, .txt, .csv or .tsv, each also .gz, or a folder"
    ),
    patterns: Path = typer.Argument(..., help="Match patterns, JSONL; their labels have keys"),
    gold: Path = typer.Argument(..., help="Annotated texts to measure with, JSONL"),
    suggestions: Path = typer.Argument(..., help="Suggested terms with answers, JSONL"),
    annotated: Path = typer.Argument(..., help="Annotated texts to learn from, JSONL"),
    candidates: Path = typer.Argument(..., help="Output file for all candidates, .npz"),
    rules: Path = typer.Option(..., help="The rules as a pipeline, may be missing"),
    model: Path = typer.Option(..., help="The trained pipeline, may be missing"),
    pipeline: Path = typer.Option(..., help="Rules and model assembled, may be missing"),
    metrics: Path = typer.Option(..., help="The scores, JSON, may be missing"),
    report: Path = typer.Option(..., help="The report, HTML, may be missing"),
    prelabel: str = typer.Option(
        "pipeline", help="What marks texts beforehand: pipeline, rules, none"
    ),
    use: str = typer.Option(
        "auto",
        "--for",
        help="What texts are marked for: gold, train, or auto (gold until there are 100)",
    ),
    guide: Optional[Path] = typer.Option(None, help="The annotation guide, shown as text"),
    view: str = typer.Option("texts", help="What the page shows first: texts, terms or try"),
    lang: str = typer.Option("en", help="Language code"),
    seed: int = typer.Option(0, min=0, max=MAX_SEED, help="Seed of the ranking of terms"),
    vectors: str = typer.Option("null", help="Package or folder with word vectors, null for none"),
    port: int = typer.Option(0, min=0, max=65535, help="Where to listen, 0 for any free port"),
    browser: bool = typer.Option(True, help="Open the page in the browser"),
    # fmt: on
) -> None:
    """Open the page and answer it until Ctrl+C."""
    with clear_errors():
        for name, value, known in (
            ("prelabel", prelabel, ["pipeline", "rules", "none"]),
            ("annotate_for", use, ["auto", "gold", "train"]),
            ("view", view, ["texts", "terms", "try"]),
        ):
            if value not in known:
                raise InputError(f"{name} is '{value}'", remedy=f"Set it to {_or(known)}.")
        files = Files(
            texts, patterns, gold, suggestions, annotated, candidates,
            rules, model, pipeline, metrics, report, guide,
        )  # fmt: skip
        make_missing(gold, suggestions, annotated)
        session = make_session(
            files, use=use, prelabel=prelabel, lang=lang, seed=seed, vectors=vectors
        )
        try:
            if view == "texts":
                session.texts.store.lock.acquire()  # better told here than on the page
            listener = listen(port)
            server, address = make_server(session, listener)
            show_address(f"{address}#{view}", browser)
            end_by_signals(server)
            serve(server, listener)
        finally:
            session.close()
        marked = {"gold": gold, "train": annotated}[session.texts.use]
        print(f"\nAll answers are in {marked} and {suggestions}")


def show_address(address: str, browser: bool) -> None:
    """Print the page's address, and open it where there is a screen."""
    msg.good("The page is at this address, for this machine alone. Ctrl+C ends it.")
    print(f"\n    {address}\n", flush=True)
    has_screen = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if browser and has_screen and sys.stdout.isatty():
        # Some browsers keep the caller waiting
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def end_by_signals(server: uvicorn.Server) -> None:
    """Make a closed terminal and a polite kill end the page as Ctrl+C does: nothing is left behind.

    An exception, as Ctrl+C raises, could fall into any task of the server and end that alone.

    server (uvicorn.Server): The page's server. While it runs it listens to SIGTERM by itself, and
        sends it again when it has ended.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, server.handle_exit)


def _or(words: List[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


if __name__ == "__main__":
    run(annotate_cli)
