"""Who imports whom in scripts/, as the code says."""

import ast
from pathlib import Path
from typing import Dict, List, Set

from helpers.running import ROOT

SCRIPTS = ROOT / "scripts"
FOLDERS = sorted(path.parent.name for path in SCRIPTS.glob("*/__init__.py"))
DOORS = sorted(path.stem for path in SCRIPTS.glob("*.py"))


def modules(name: str) -> List[Path]:
    """RETURNS (List[Path]): The file of a door, or the files of a folder."""
    return [SCRIPTS / f"{name}.py"] if name in DOORS else sorted((SCRIPTS / name).rglob("*.py"))


def imports(name: str) -> Set[str]:
    """RETURNS (Set[str]): The other folders and doors that a folder or door imports."""
    found: Set[str] = set()
    for path in modules(name):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.module and not node.level, f"{path}: a relative import"
                found.add(node.module.split(".")[0])
    return found & {*FOLDERS, *DOORS} - {name}


def needs(name: str) -> Set[str]:
    """RETURNS (Set[str]): What a folder or door imports, and what that imports."""
    direct = imports(name)
    return direct.union(*map(needs, direct))


def graph() -> Dict[str, Set[str]]:
    """RETURNS (Dict[str, Set[str]]): For each folder and door what it imports."""
    return {name: imports(name) for name in [*FOLDERS, *DOORS]}
