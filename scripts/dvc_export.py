"""Write a workflow of project.yml as a pipeline for DVC, which shares data and results by git.

`weasel dvc` is made for this, but Weasel 1.0.1 calls `dvc run`, which DVC 3 has no longer, for steps
named `weasel project run`, which Weasel has no longer.
"""

import re
from pathlib import Path
from typing import Any, Dict, List

import srsly
import typer
from wasabi import msg
from weasel.util import load_project_config

from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.writing import staged

# What DVC can compare between commits and draw
METRICS, CURVE = "training/metrics.json", "training/curve.json"
HEAD = """# Made from project.yml; after changes there, run: python -m spacy project run dvc
# Each stage lets Weasel do the work. With "persist" DVC leaves to Weasel what is out of date.
"""


def export_cli(
    project: Path = typer.Argument(..., help="Folder with project.yml"),
    workflow: str = typer.Option("all", help="The workflow to write"),
) -> None:
    """Write dvc.yaml, one stage a command."""
    with clear_errors():
        stages = export(project, workflow)
        output = project / "dvc.yaml"
        if output.exists() and not output.read_text("utf8", "replace").startswith(HEAD):
            raise InputError(
                "It was not made from project.yml, and would be lost",
                output,
                remedy="Move it elsewhere; then add its stages to the new one, or keep it alone.",
            )
        with staged(output) as path:
            path.write_text(HEAD + srsly.yaml_dumps({"stages": stages}), encoding="utf8")
        msg.good(f"dvc.yaml: {', '.join(stages)}", "Run them: dvc repro")


def export(project: Path, workflow: str) -> Dict[str, Any]:
    """Translate a workflow.

    project (Path): Folder with project.yml.
    workflow (str): The workflow's name.
    RETURNS (Dict[str, Any]): The stages for dvc.yaml by name. The variables of a command are its
        parameters, so that a changed one is noticed; so are the definitions of all commands.
    RAISES (InputError): If there is no such workflow.
    """
    config = load_project_config(project)
    raw = load_project_config(project, interpolate=False)
    if workflow not in config.get("workflows", {}):
        raise InputError(
            f"No workflow '{workflow}'",
            project / "project.yml",
            remedy=f"There are: {', '.join(config.get('workflows', {}))}",
        )
    commands = {command["name"]: command for command in config["commands"]}
    definitions = {command["name"]: command for command in raw["commands"]}
    stages = {}
    for name in config["workflows"][workflow]:
        command = commands[name]
        variables = [f"vars.{used}" for used in _variables(definitions[name], raw["vars"])]
        stages[name] = {
            "cmd": f"python -m weasel run {name}",
            "deps": command.get("deps", []),
            "params": [{"project.yml": [*variables, "commands"]}],
            **_outputs(command.get("outputs", [])),
            "always_changed": not command.get("outputs"),  # as Weasel does it
        }
    return stages


def _outputs(paths: List[str]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The outputs of a stage: scores and the learning curve as what they
    are, for `dvc metrics diff` and `dvc plots show`, all others as files."""
    kinds: Dict[str, List[Any]] = {"outs": [], "metrics": [], "plots": []}
    axes = {"x": "step", "y": "f", "title": "F1 on dev"}
    for path in paths:
        if path == METRICS:
            kinds["metrics"].append({path: {"persist": True}})
        elif path == CURVE:
            kinds["plots"].append({path: {"persist": True, **axes}})
        else:
            kinds["outs"].append({path: {"persist": True}})
    return {kind: listed for kind, listed in kinds.items() if listed}


def _variables(value: Any, variables: Dict[str, Any]) -> List[str]:
    """RETURNS (List[str]): The variables that a value names, and those that these name."""
    names = sorted(set(re.findall(r"\$\{vars\.(\w+)\}", str(value))))
    deeper = {more for name in names for more in _variables(variables.get(name), variables)}
    return sorted({*names, *deeper})


if __name__ == "__main__":
    run(export_cli)
