"""The rooms of scripts/: who may import whom, and that a wing can be taken away."""

import ast
import re
import shutil
from graphlib import TopologicalSorter

import pytest
import srsly
from helpers.house import DOORS, FOLDERS, SCRIPTS, graph, imports, needs
from helpers.running import ALL, READMES, ROOT, copy, run

# A door may import any folder, and no other door
MAY_IMPORT = {
    "shared": [],
    "reading": ["shared"],
    "measuring": ["shared"],
    "labelling": ["shared", "reading"],
    "suggesting": ["shared", "reading"],
    "importing": ["shared", "reading"],
    "checking": ["shared", "reading"],
    "updating": ["shared", "reading", "measuring"],
    "annotating": ["shared", "reading", "measuring", "suggesting"],
    "benchmarking": ["shared", "reading", "measuring", "labelling", "suggesting", "annotating"],
}
NOTHING = "nothing of the project's"
# Folders that nothing of the workflow all imports, nor predict
WINGS = [
    wing
    for wing in ("annotating", "benchmarking", "checking", "importing", "updating")
    if wing in FOLDERS
]


@pytest.mark.parametrize("name", [*FOLDERS, *DOORS])
def test_imports_what_it_may(name):
    assert imports(name) <= set(MAY_IMPORT.get(name, MAY_IMPORT))


def test_nothing_imports_in_a_circle():
    TopologicalSorter(graph()).prepare()


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_what_it_may_import_and_nothing_else(folder):
    code = ast.parse((SCRIPTS / folder / "__init__.py").read_text("utf8"))
    assert len(code.body) == 1
    allowed = ", ".join(MAY_IMPORT[folder])
    said = ast.get_docstring(code)
    assert said and said.endswith(f"May import: {allowed or NOTHING}.")
    readme = (SCRIPTS / "README.md").read_text("utf8")
    assert re.search(rf"^\| `{folder}` \|.*\| {allowed or 'nothing of ours'} \|$", readme, re.M)


def test_python_writes_no_cache_into_the_scripts():
    """It would be a change to Weasel, which looks at everything in a folder."""
    for command in srsly.read_yaml(ROOT / "project.yml")["commands"]:
        for line in command["script"]:
            assert line.startswith("python -B ") and line.count("python") == 1, line
    for path in READMES:
        assert not re.findall(r"python (?!-B ).*scripts/\w+\.py", path.read_text("utf8")), path


def take_out(wings, scripts):
    """Delete folders with all that needs them. RETURNS (set): The names of what is gone."""
    gone = {name for name in [*FOLDERS, *DOORS] if {*wings} & {name, *needs(name)}}
    for name in gone:
        path = scripts / name
        shutil.rmtree(path) if path.is_dir() else path.with_suffix(".py").unlink()
    return gone


def test_only_wings_need_a_wing():
    """So each can be taken away alone, together with what needs it."""
    assert not {name for folder in {*FOLDERS} - {*WINGS} for name in imports(folder)} & {*WINGS}


@pytest.mark.slow
def test_without_its_wings_the_project_works(finished, tmp_path):
    project = copy(finished, tmp_path)
    scripts = project / "scripts"
    gone = take_out(WINGS, scripts)
    paths = [path.relative_to(scripts) for path in scripts.rglob("*.py")]
    modules = [".".join(path.with_suffix("").parts) for path in paths if path.stem != "__init__"]
    run("-B", "-c", f"import {', '.join(modules)}", cwd=scripts)
    config = srsly.read_yaml(project / "project.yml")
    kept = [
        command
        for command in config["commands"]
        if not gone & set(re.findall(r"scripts/(\w+)\.py", str(command["script"])))
    ]
    names = {command["name"] for command in kept}
    assert names >= {*ALL, "predict"} and len(kept) < len(config["commands"])
    flows = {k: steps for k, steps in config["workflows"].items() if names.issuperset(steps)}
    srsly.write_yaml(project / "project.yml", {**config, "commands": kept, "workflows": flows})
    for name in ("convert", "predict"):
        run("-m", "weasel", "run", name, ".", "--force", "--vars.n_process", "1", cwd=project)
