"""Put the shipped data away, so that a project of one's own begins with empty files."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

import srsly
import typer
from wasabi import msg

from reading.lines import make_missing
from reading.patterns import blank
from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.project import PROJECT, check_name, read_vars, typed_vars
from shared.writing import staged

# What can be set on the way
SETTABLE = ("name", "lang")
BACKUP = "before-new"
# What is in place of the shipped guide, in ASCII
GUIDE = """# What to mark

Write here what an entity is and what is none. The page of annotate shows it when you press ?.
For each label:

- What counts? Give some examples, the way people write them.
- What does not, although one could think so?
- Where does a mark begin and end? With or without brand, number, plural, possessive 's?
- What about several in a row, parts of other names, links and hashtags?
- What to do in doubt?
"""


class File(NamedTuple):
    """A file that people provide: what it is for, and a line of it."""

    path: Path
    purpose: str
    example: str


def new_cli(
    # fmt: off
    texts: Path = typer.Argument(..., help="Raw texts"),
    patterns: Path = typer.Argument(..., help="Match patterns"),
    gold: Path = typer.Argument(..., help="Annotated records"),
    suggestions: Path = typer.Argument(..., help="Suggested terms with answers"),
    annotated: Path = typer.Argument(..., help="Annotated records to learn from"),
    guide: Optional[Path] = typer.Option(None, help="The annotation guide"),
    name: str = typer.Option("", help="The package's name from now on; '' for no change"),
    lang: str = typer.Option("", help="The language code from now on; '' for no change"),
    yes: str = typer.Option("false", help="'true' does it without asking"),
    # fmt: on
) -> None:
    """Empty the files of people's data, name the project, and say what to put where."""
    with clear_errors():
        check_typed(yes)
        files = describe(texts, patterns, gold, suggestions, annotated)
        paths = [*(file.path for file in files), *([guide] if guide else [])]
        own = [path for path in paths if is_elsewhere(path)]
        full = [path for path in paths if path not in own and has_data(path)]
        before = read_vars()
        values = {"name": name, "lang": lang}
        if full and yes != "true":
            if not confirm(full):
                msg.info("Nothing was changed")
                return
            if name in ("", before.get("name")):
                values["name"] = typer.prompt("Name of your package", default=before.get("name"))
        changed = {
            key: value for key, value in values.items() if value not in ("", before.get(key))
        }
        content = set_vars(before, changed)
        for folder, names in put_away(full).items():
            msg.good(f"{folder.as_posix()} has what was in {', '.join(names)}")
        for path in own:
            msg.info(f"{path.as_posix()} stays as it is: the project came without it")
        make_missing(*paths)
        if guide and guide not in own and not guide.stat().st_size:
            with staged(guide) as temporary:
                temporary.write_bytes(GUIDE.encode("utf8"))
        if changed:
            with staged(PROJECT) as temporary:
                temporary.write_bytes(content)
            told = ", ".join(f'{key} is "{value}"' for key, value in changed.items())
            msg.good(f"{PROJECT}: {told}")
        print_guide(files, guide)


def describe(
    texts: Path, patterns: Path, gold: Path, suggestions: Path, annotated: Path
) -> List[File]:
    """RETURNS (List[File]): The files, each with what a person needs to know to fill it."""
    return [
        File(
            texts,
            "Raw texts, one a line, a few thousand if you can. Most should be like what\n"
            "the recognizer will read, those without any entity included.",
            '{"text": "I dropped my iPhone 8"}',
        ),
        File(
            patterns,
            "Rules, with as many labels as you like. Better precise than complete.",
            '{"label": "GADGET", "pattern": [{"LOWER": "iphone"}, {"IS_DIGIT": true}]}',
        ),
        File(
            gold,
            "Other texts, annotated by hand, to measure with. It may stay empty at first.",
            '{"text": "My iPod", "spans": [{"start": 3, "end": 7, "label": "GADGET"}]}',
        ),
        File(
            suggestions,
            "Terms with answers. suggest and review fill it.",
            '{"text": "pixel", "label": "GADGET", "answer": "accept"}',
        ),
        File(
            annotated,
            "Texts annotated by hand, to learn from. It may stay empty.",
            '{"text": "An iPad", "spans": [{"start": 3, "end": 7, "label": "GADGET"}]}',
        ),
    ]


def check_typed(yes: str) -> None:
    """Raise an InputError if a variable was typed that this can't do anything with."""
    if yes not in ("true", "false"):
        raise InputError(f"vars.yes is '{yes}'", remedy="It is true or false.")
    for name in typed_vars():
        if name not in (*SETTABLE, "yes"):
            raise InputError(
                f"new sets vars.{' and vars.'.join(SETTABLE)}, not vars.{name}",
                remedy=f"Write it into {PROJECT}.",
            )


def is_elsewhere(path: Path) -> bool:
    """RETURNS (bool): Whether it can't be a file that the project came with: it is a folder, or
    outside the project's own."""
    return path.is_dir() or Path.cwd() not in (path.parent.resolve() / path.name).parents


def has_data(path: Path) -> bool:
    """RETURNS (bool): Whether there is anything in a file that new has not written."""
    size = path.stat().st_size if path.exists() else 0
    return size > 0 and not (size == len(GUIDE) and path.read_bytes() == GUIDE.encode("utf8"))


def confirm(paths: Sequence[Path]) -> bool:
    """RETURNS (bool): Whether a person wants these files to be put away.

    RAISES (InputError): If there is nobody to ask.
    """
    if not has_terminal():
        raise InputError(
            "new asks before it puts files away, and there is no terminal to ask in",
            remedy="Do it without a question, the name included: "
            "python -m spacy project run new . --vars.name my_ner --vars.yes true",
        )
    print(
        f"These will be empty, but for a guide. What they hold goes into a folder {BACKUP} beside them:"
    )
    for path in paths:
        with path.open("rb") as file:
            print(f"  {path.as_posix()}  {sum(1 for _ in file):,} lines")
    return typer.confirm("Go on?")


def put_away(paths: Sequence[Path]) -> Dict[Path, List[str]]:
    """Move files into a new folder beside them, and leave empty ones.

    paths (Sequence[Path]): The files.
    RETURNS (Dict[Path, List[str]]): The folders, each with the names of the files in it.
    """
    folders: Dict[Path, Path] = {}
    moved: Dict[Path, List[str]] = {}
    for path in paths:
        if path.parent not in folders:
            folders[path.parent] = _unused(path.parent / BACKUP)
            folders[path.parent].mkdir()
        folder = folders[path.parent]
        os.replace(path, folder / path.name)
        path.touch()
        moved.setdefault(folder, []).append(path.name)
    return moved


def set_vars(before: Dict[str, str], changed: Dict[str, str]) -> bytes:
    """Change variables in the project file and nothing else, byte for byte.

    before (Dict[str, str]): All variables there.
    changed (Dict[str, str]): New values by name.
    RETURNS (bytes): The file's new content.
    RAISES (InputError): If a value is not possible, or the file is written in another way.
    """
    after = {**before, **changed}
    if not changed:
        return b""
    blank(after["lang"])
    check_name(after["lang"], after["name"], str(after.get("version", "0")))
    lines = PROJECT.read_bytes().decode("utf8").split("\n")
    inside = False
    for i, line in enumerate(lines):
        if re.match(r"[^\s#]", line):
            inside = line.startswith("vars:")
        found = re.match(r"""(\s+(\w+):\s*)("[^"]*"|'[^']*'|[^\s#]+)(.*)$""", line, re.S)
        if inside and found and found[2] in changed:
            lines[i] = f"{found[1]}{json.dumps(changed[found[2]])}{found[4]}"
    content = "\n".join(lines)
    try:
        written = srsly.yaml_loads(content)["vars"]
    except (KeyError, TypeError, ValueError):
        written = None
    if written != after:
        raise InputError(f"Can't set {' and '.join(changed)}", PROJECT, remedy="Write it by hand.")
    return content.encode("utf8")


def print_guide(files: Sequence[File], guide: Optional[Path]) -> None:
    """Print what to put into each file, with a line of it."""
    print("\nWhat to put where:")
    for file in files:
        print(f"\n{file.path.as_posix()}")
        for line in file.purpose.split("\n"):
            print(f"  {line}")
        print(f"  {file.example}" if file.path.suffix == ".jsonl" else "  See assets/README.md.")
    if guide:
        print(f"\n{guide.as_posix()}\n  What is an entity and what is none, for whoever annotates.")
    print(f"\n{PROJECT}")
    print("  Write your own description, author and license.")
    print("\nThen label your texts, and read the table that it prints:")
    print("  python -m spacy project run convert")


def has_terminal() -> bool:
    """RETURNS (bool): Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _unused(folder: Path) -> Path:
    """RETURNS (Path): The folder, or one with a number if something of that name is there."""
    number = 1
    path = folder
    while os.path.lexists(path):
        number += 1
        path = folder.with_name(f"{folder.name}-{number}")
    return path


if __name__ == "__main__":
    run(new_cli)
