"""project.yml as a person wrote it, and what they typed after `spacy project run`.

Weasel makes a number of `--vars.version 1.10`, and takes a misspelt variable for a new one. Both can
only be seen from the command line of the process that started this one.
"""

import difflib
import re
from pathlib import Path
from typing import Any, Dict

import psutil
import srsly
from packaging.version import InvalidVersion, Version

from shared.errors import InputError

PROJECT = Path("project.yml")
# These would be numbers without quotes
STRINGS = ("name", "version")
# Free text, which a command line can't carry whole
FREE_TEXT = ("description", "author", "license")


def read_vars(project: Path = PROJECT) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The variables of project.yml, {} if there is no such file."""
    if not project.exists():
        return {}
    try:
        variables = srsly.read_yaml(project).get("vars")
    except (AttributeError, ValueError) as error:
        raise InputError(f"Broken YAML ({error})", project) from None
    return dict(variables or {})


def typed_vars() -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): Variables typed after `spacy project run`, as Weasel read them; {}
    if something else started this process."""
    # Between the two may stand a watch, and on Windows the launcher of a virtual environment
    for process in psutil.Process().parents()[:4]:
        try:
            words = process.cmdline()
        except psutil.Error:
            return {}
        if "run" in words[:-1] and {"project", "weasel"} & {Path(word).stem for word in words}:
            first = next((i for i, word in enumerate(words) if word.startswith("--vars.")), None)
            if first is None:
                return {}
            # Only now, since it takes a quarter of a second
            from weasel.util import parse_config_overrides

            typed = parse_config_overrides(words[first:], None)
            return {key[5:]: value for key, value in typed.items() if key.startswith("vars.")}
    return {}


def check_vars() -> None:
    """Raise an InputError if something was typed that can't have been meant."""
    typed = typed_vars()
    if not typed:
        return
    known = read_vars()
    for name, value in typed.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            raise InputError(
                f"There is no variable vars.{name}",
                remedy=f"Did you mean vars.{close[0]}?" if close else f"See vars in {PROJECT}.",
            )
        if value == "" and known[name] != "":
            raise InputError(f"vars.{name} is empty", remedy="Leave it out, or give it a value.")
        if name in FREE_TEXT:
            raise InputError(
                f"vars.{name} is free text, which a command line can't carry",
                remedy=f"Write it into {PROJECT}.",
            )
    _check_strings(typed, "On the command line write it as '\"1.10\"', both quotes included.")


def check_package_name(lang: str) -> None:
    """Check what the package is to be called, long before it is built.

    lang (str): Language code.
    RAISES (InputError): If project.yml or the command line has no possible name or version.
    """
    known = read_vars()
    _check_strings(known, f"In {PROJECT} put it in quotes.")
    variables = {**known, **typed_vars()}
    if all(name in variables for name in STRINGS):
        check_name(lang, variables["name"], variables["version"])


def check_name(lang: str, name: str, version: str) -> None:
    """Raise an InputError if no package can have the name or the version."""
    if name.startswith(f"{lang}_") or not re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", name):
        raise InputError(
            f"vars.name is '{name}'",
            remedy=f"Use letters from A to Z, digits and _ between them. '{lang}_' is put before it.",
        )
    try:
        Version(version)
    except InvalidVersion:
        raise InputError(
            f"vars.version is '{version}'", remedy="Set it to a version such as 0.1.0 or 1.0b2."
        ) from None


def _check_strings(variables: Dict[str, Any], remedy: str) -> None:
    for name in STRINGS:
        if name in variables and not isinstance(variables[name], str):
            raise InputError(
                f"vars.{name} was read as the number {variables[name]}, which may not be what you wrote",
                remedy=remedy,
            )
