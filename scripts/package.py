"""Package the assembled pipeline as sdist and wheel, with its measured scores in the meta data."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Optional

import srsly
import typer
from spacy.cli.package import package as spacy_package
from wasabi import msg

from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.loading import read_json
from shared.project import FREE_TEXT, check_name, read_vars
from shared.writing import staged

# The time stamp of every file in the wheel, so that the same pipeline gives the same wheel
EPOCH = "1577836800"  # 2020-01-01


def package_cli(
    # fmt: off
    pipeline: Path = typer.Argument(..., help="The assembled pipeline"),
    metrics: Path = typer.Argument(..., help="The scores that evaluate wrote, JSON"),
    output: Path = typer.Argument(..., help="Output folder, named LANG_NAME-VERSION"),
    lang: str = typer.Option(..., help="Language code"),
    name: str = typer.Option(..., help="Name of the package, without the language code"),
    version: str = typer.Option(..., help="Version of the package"),
    project: Optional[Path] = typer.Option(
        None, help="A project.yml whose vars have description, author and license"
    ),
    source: List[str] = typer.Option([], help="What it was made from; can be repeated"),
    # fmt: on
) -> None:
    """Build an installable Python package (sdist and wheel) from a pipeline."""
    with clear_errors():
        meta = {
            "lang": lang,
            "name": name,
            "version": version,
            **(free_text(project) if project else {}),
            "sources": [{"name": name_.encode("utf8", "replace").decode()} for name_ in source],
        }
        package(pipeline, metrics, output, meta)
        for file in sorted((output / "dist").iterdir()):
            msg.good(f"{file} ({file.stat().st_size / 2**20:.1f} MiB)")
        vectors = read_json(pipeline / "meta.json")["vectors"]
        if vectors["vectors"]:
            print(f"It holds {vectors['vectors']:,} word vectors of {vectors['width']} dimensions.")


def free_text(project: Path) -> Dict[str, str]:
    """RETURNS (Dict[str, str]): What the package says of itself. It is read here, since Weasel can
    put neither quotes nor a $ or a line break into a command."""
    variables = read_vars(project)
    return {name: str(variables.get(name) or "") for name in FREE_TEXT}


def package(pipeline: Path, metrics: Path, output: Path, meta: Dict[str, Any]) -> None:
    """Build the package with `spacy package` and `python -m build`.

    pipeline (Path): The assembled pipeline.
    metrics (Path): The scores that evaluate wrote, JSON.
    output (Path): The package folder, its name is LANG_NAME-VERSION; archives go to dist/.
    meta (dict): Entries for the package's meta.json; "lang", "name" and "version" decide
        the package's name.
    RAISES (InputError): If name or version is not possible, or building fails.
    """
    check_name(meta["lang"], meta["name"], meta["version"])
    expected = f"{meta['lang']}_{meta['name']}-{meta['version']}"
    if output.name != expected:
        raise InputError(f"Can't build '{expected}' as '{output.name}'", remedy="Name it so.")
    pipeline_meta = read_json(pipeline / "meta.json", "Run assemble again.")
    scores = _scores(read_json(metrics, "Run evaluate again."))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        meta_path = folder / "meta.json"
        srsly.write_json(meta_path, {**pipeline_meta, **meta, **scores})
        # No archive yet: for each spaCy would make an environment from the network
        spacy_package(
            pipeline,
            folder,
            meta_path=meta_path,
            create_sdist=False,
            create_wheel=False,
            require_parent=True,
        )
        _build(folder / expected)
        with staged(output, folder=True) as path:
            shutil.move(folder / expected, path)


def _scores(metrics: Dict[str, Any]) -> Dict[str, Any]:
    """RETURNS (dict): The meta entries "performance" and "notes"."""
    keys = ("ents_f", "ents_p", "ents_r", "ents_f_ci", "ents_per_type")
    notes = {
        "accuracy": "The scores were measured on gold annotations.",
        "agreement": "The scores measure agreement with the rules that labelled the training "
        "data, not accuracy.",
    }
    return {
        "performance": {key: metrics["pipeline"][key] for key in keys},
        "notes": notes[metrics["measures"]],
    }


def _build(folder: Path) -> None:
    """Build an sdist and from it a wheel, with what is installed; folder/dist gets both."""
    result = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", str(folder)],
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        print(result.stdout)
        raise InputError(
            "Building the package failed",
            remedy="See the output above. Are the packages in requirements.txt installed?",
        )


if __name__ == "__main__":
    run(package_cli)
