"""Install the built wheel in a fresh virtual environment, compare it with the pipeline, and end the run."""

import json
import site
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Dict, List

import srsly
import typer
from spacy.tokens import Doc
from wasabi import msg

from measuring.scores import entities
from measuring.verdict import print_ending
from measuring.words import learning_curve
from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.loading import load_pipeline, read_docs, read_json
from shared.writing import staged

SAMPLE_SIZE = 500
# Characters of the text to try, so that it fits a line
GOOD_EXAMPLE, MAX_EXAMPLE = 60, 100
# Runs in the fresh environment: texts on standard input, entities on standard output
PROGRAM = """
import json, sys, spacy
nlp = spacy.load(sys.argv[1])
docs = nlp.pipe(json.load(sys.stdin))
ents = [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs]
json.dump({"path": str(nlp.path), "entities": ents}, sys.stdout)
"""


def check_package_cli(
    # fmt: off
    package: Path = typer.Argument(..., help="The package folder with dist/"),
    pipeline: Path = typer.Argument(..., help="The pipeline that was packaged"),
    test: Path = typer.Argument(..., help="Corpus to take texts from, .spacy"),
    report: Path = typer.Argument(..., help="The report, to tell where it is"),
    output: Path = typer.Argument(..., help="Output file for the result, JSON"),
    metrics: Path = typer.Option(..., help="The scores that evaluate wrote, to end with"),
    stats: Path = typer.Option(..., help="The stats.json that convert wrote"),
    log: Path = typer.Option(..., help="The training log, JSONL; may be missing"),
    # fmt: on
) -> None:
    """Fail unless the installed package finds what the pipeline finds, and say how good it is."""
    with clear_errors():
        result = check_package(package, pipeline, test)
        with staged(output) as path:
            srsly.write_json(path, {key: result[key] for key in ("name", "texts", "entities")})
        print_result(result, pipeline, report)
        scores = read_json(metrics, "Run evaluate again.")
        print_ending(scores, read_json(stats), learning_curve(log))


def print_result(result: Dict[str, Any], pipeline: Path, report: Path) -> None:
    """Print what was compared, where the package and the report are, and how to use it."""
    name, number = result["name"], result["entities"]
    if number:
        said = f"finds the same {number:,} entities in {result['texts']:,} texts as {pipeline}"
        msg.good(f"{name} installs and {said}")
    else:
        msg.warn(f"{name} installs, and finds nothing in {result['texts']:,} texts, as {pipeline}")
    print(f"\nWheel:  {result['wheel']}\nReport: {report}\n")
    print(f"Install it with: pip install {result['wheel']}\nand try it:\n")
    print(f'    import spacy\n    nlp = spacy.load("{name}")')
    example = f"{result['example']!a}" if result["example"] else '"A text of yours"'
    print(f"    print(nlp({example}).ents)\n")


def check_package(package: Path, pipeline: Path, test: Path) -> Dict[str, Any]:
    """Install the wheel in a fresh virtual environment and compare its entities.

    package (Path): The package folder with dist/.
    pipeline (Path): The pipeline that was packaged.
    test (Path): Corpus whose first texts are the sample, .spacy.
    RETURNS (dict): "name" and "wheel", the number of "texts" and "entities", and an "example", see
        `choose_example`.
    RAISES (InputError): If there is no wheel, it can't be installed or loaded, or finds
        something else.
    """
    wheels = sorted((package / "dist").glob("*.whl"))
    if len(wheels) != 1:
        raise InputError("There is not one wheel", package / "dist", remedy="Run package again.")
    # The folder's version may have dashes; in the wheel's name it has none
    name = wheels[0].name.split("-")[0]
    nlp = load_pipeline(pipeline)
    gold = read_docs(test, nlp.vocab)[:SAMPLE_SIZE]
    texts = [doc.text for doc in gold]
    docs = list(nlp.pipe(texts))
    expected = [[[e.start_char, e.end_char, e.label_] for e in doc.ents] for doc in docs]
    with tempfile.TemporaryDirectory() as folder:
        found = _run_installed(Path(folder).resolve(), name, wheels[0], texts)
    for text, ours, theirs in zip(texts, expected, found):
        if ours != theirs:
            raise InputError(
                f"The package finds {theirs}, the pipeline {ours} in: {text!a}",
                wheels[0],
                remedy="Run package again.",
            )
    return {
        "name": name,
        "wheel": wheels[0],
        "texts": len(texts),
        "entities": sum(map(len, expected)),
        "example": choose_example(docs, gold),
    }


def choose_example(found: List[Doc], gold: List[Doc]) -> str:
    """Choose a text to try: a short one, and if there is such a one, without an error.

    found (List[Doc]): Docs with the entities that the pipeline finds.
    gold (List[Doc]): The same with the right ones.
    RETURNS (str): A text with an entity that is rightly found, "" if there is none.
    """
    pairs = [(entities(doc), entities(right), doc.text) for doc, right in zip(found, gold)]
    examples = [
        # Nor the very shortest, which hardly is a sentence
        (len(text) > MAX_EXAMPLE, ours != right, abs(len(text) - GOOD_EXAMPLE), text)
        for ours, right, text in pairs
        if ours & right
    ]
    return min(examples)[-1] if examples else ""


def _run_installed(folder: Path, name: str, wheel: Path, texts: List[str]) -> List[Any]:
    """RETURNS (list): What the wheel, installed in a new environment in folder, finds in texts."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    _run([*pip, "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)])
    # spaCy itself comes from the environment that runs this. --system-site-packages would
    # not do: in a virtual environment it means those of the Python it was made with.
    inner = next(folder.rglob("site-packages"))
    (inner / "outer.pth").write_text("\n".join(site.getsitepackages()), encoding="utf8")
    output = _run([str(python), "-I", "-c", PROGRAM, name], json.dumps(texts))
    result = json.loads(output)
    if folder not in Path(result["path"]).resolve().parents:
        raise InputError(f"Loaded {result['path']} instead of the installed package", wheel)
    return result["entities"]


def _run(command: List[str], stdin: str = "") -> str:
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, encoding="utf8")
    if result.returncode:
        print(result.stderr, file=sys.stderr)
        raise InputError(f"Failed: {' '.join(command[:6])} ...", remedy="See the output above.")
    return result.stdout


if __name__ == "__main__":
    run(check_package_cli)
