"""Puts the parts of the page together from a project's files."""

import shlex
import sys
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

import srsly
from wasabi import msg

from annotating.progress import count
from annotating.queue import Queue
from annotating.runner import Runner
from annotating.session import Session
from annotating.stages import Stages
from annotating.store import Store
from annotating.terms import Terms
from annotating.texts import Texts
from reading.marked import read_marked
from reading.patterns import blank, read_patterns
from shared.vectors import find_vectors
from suggesting.asking import Asking

# With fewer gold texts scores say too little, so that these come first
ENOUGH_GOLD = 100
N_SUGGESTIONS = 25


class Files(NamedTuple):
    """The project's files. Those that commands make may be missing."""

    texts: Path
    patterns: Path
    gold: Path
    suggestions: Path
    annotated: Path
    candidates: Path
    rules: Path
    model: Path
    pipeline: Path
    metrics: Path
    report: Path
    guide: Optional[Path] = None


def make_session(
    files: Files,
    *,
    use: str = "auto",
    prelabel: str = "pipeline",
    lang: str = "en",
    seed: int = 0,
    vectors: str = "null",
) -> Session:
    """Open the files, and choose the texts to ask about.

    files (Files): The project's files.
    use (str): What texts are marked for: "gold", "train", or "auto" to choose.
    prelabel (str): What marks them beforehand: "pipeline" (the rules if there is none yet),
        "rules" or "none".
    lang (str): Language code.
    seed (int): Seed of the ranking of terms.
    vectors (str): Package or folder with word vectors for that ranking, "null" for none.
    RETURNS (Session): What the page shows and changes.
    RAISES (InputError): If a file is broken.
    """
    labels = [rule["label"] for _, rule in read_patterns(files.patterns)]
    source = find_vectors(vectors, lang)
    stages = Stages({"pipeline": files.pipeline, "rules": files.rules, "model": files.model})

    def find_terms() -> Asking:
        # Only now, since they take as long to import as all else together
        from suggesting.candidates import load_candidates
        from suggesting.suggester import Suggester

        nlp = blank(lang)  # of its own, since it is used in a thread of its own
        found = load_candidates(files.candidates, nlp, files.texts, files.gold)
        marked = read_marked(nlp, files.annotated, files.gold)
        suggester = Suggester(nlp, found, files.patterns, files.texts, seed, source, marked)
        return Asking(suggester, files.suggestions, N_SUGGESTIONS)

    return Session(
        labels=labels,
        texts=_open_texts(files, use, prelabel, lang, stages),
        terms=Terms(find_terms),
        stages=stages,
        runner=_make_runner(files, lang=lang, seed=seed, vectors=vectors),
        raw=files.texts,
        guide=files.guide,
        metrics=files.metrics,
        report=files.report,
    )


def _open_texts(files: Files, use: str, prelabel: str, lang: str, stages: Stages) -> Texts:
    stores = {"gold": Store(files.gold), "train": Store(files.annotated)}
    if use == "auto":
        use = "gold" if count(stores["gold"]).texts < ENOUGH_GOLD else "train"
    store = stores.pop(use)
    [other] = stores.values()
    queue = Queue(files.texts, lambda key: key in store or key in other)
    # The pipeline if it is there, else the rules
    prelabels = {"pipeline": ["pipeline", "rules"], "rules": ["rules"], "none": []}[prelabel]
    texts = Texts(blank(lang), use, store, other, queue, stages, prelabels)
    what = {"gold": f"{ENOUGH_GOLD} texts or more to measure with", "train": "texts to learn from"}
    marked, waiting = count(store).texts, len(queue.texts)
    msg.info(f"Mark {what[use]} (marked: {marked:,}, open: {waiting:,})")
    print(f"Answers go into {store.path.name}.")
    if prelabels and not texts.prelabel:
        print("None is marked beforehand, since there are no rules yet: run convert to have them.")
    return texts


def _make_runner(files: Files, **settings: Any) -> Runner:
    """RETURNS (Runner): Runs the workflow on the files of the page."""
    names = ("texts", "patterns", "gold", "suggestions", "annotated")
    values = {name: getattr(files, name).as_posix() for name in names}
    values.update({name: str(value) for name, value in settings.items()})
    usual = _project_variables()
    changed = {name: value for name, value in values.items() if _typed(usual.get(name)) != value}
    options = [part for name, value in changed.items() for part in (f"--vars.{name}", value)]
    command = ["-m", "spacy", "project", "run", "all", *(["."] if options else []), *options]
    return Runner([sys.executable, *command], shlex.join(["python", *command]))


def _typed(value: Any) -> str:
    """RETURNS (str): A variable as Weasel writes it into a command."""
    return "null" if value is None else str(value)


def _project_variables() -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What need not be said, since project.yml does."""
    try:
        return srsly.read_yaml("project.yml")["vars"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
