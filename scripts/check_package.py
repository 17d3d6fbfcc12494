"""Install the built wheel in a fresh virtual environment and compare it with the pipeline."""

import json
import site
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Dict, List

import spacy
import srsly
import typer
from spacy.tokens import DocBin
from wasabi import msg

from shared.errors import InputError, clear_errors
from shared.writing import staged

SAMPLE_SIZE = 500
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
    # fmt: on
) -> None:
    """Fail unless the installed package finds what the pipeline finds."""
    with clear_errors():
        result = check_package(package, pipeline, test)
        with staged(output) as path:
            srsly.write_json(path, {key: result[key] for key in ("name", "texts", "entities")})
        msg.good(
            f"{result['name']} installs and finds the same {result['entities']} entities in "
            f"{result['texts']} texts as {pipeline}"
        )
        print(f"\nWheel:  {result['wheel']}\nReport: {report}\n")
        print(f"Install it with: pip install {result['wheel']}\nand try it:\n")
        print(f'    import spacy\n    nlp = spacy.load("{result["name"]}")')
        print(f"    print(nlp({result['example']!a}).ents)")


def check_package(package: Path, pipeline: Path, test: Path) -> Dict[str, Any]:
    """Install the wheel in a fresh virtual environment and compare its entities.

    package (Path): The package folder with dist/.
    pipeline (Path): The pipeline that was packaged.
    test (Path): Corpus whose first texts are the sample, .spacy.
    RETURNS (dict): "name" and "wheel", the number of "texts" and "entities", and an "example".
    RAISES (InputError): If there is no wheel, it can't be installed or loaded, or finds
        something else.
    """
    wheels = sorted((package / "dist").glob("*.whl"))
    if len(wheels) != 1:
        raise InputError("There is not one wheel", package / "dist", remedy="Run package again.")
    name = package.name.rsplit("-", 1)[0]
    nlp = spacy.load(pipeline)
    texts = [doc.text for doc in DocBin().from_disk(test).get_docs(nlp.vocab)][:SAMPLE_SIZE]
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
    examples = sorted((doc.text for doc in docs if doc.ents), key=len)
    return {
        "name": name,
        "wheel": wheels[0],
        "texts": len(texts),
        "entities": sum(map(len, expected)),
        "example": examples[len(examples) // 4] if examples else texts[0],
    }


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
    typer.run(check_package_cli)
