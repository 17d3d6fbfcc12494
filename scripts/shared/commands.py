"""How every door runs: what is wrong with a variable is said by the variable's name."""

import sys
from typing import Any, Callable

import typer

from shared.errors import InputError, clear_errors
from shared.project import check_vars

MAX_SEED = 2**32 - 1  # numpy takes no larger one
# The base of all that a command line can be wrong in; its home differs between versions of typer
UsageError: Any = typer.BadParameter.__mro__[1]


def run(command: Callable[..., None]) -> None:
    """Run a door's function with the words of the command line, and end the process.

    The exit code is 0, or 1 if something went wrong, whatever it was.

    command (Callable): The function, with typer's arguments and options.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    with clear_errors():
        check_vars()
        try:
            code = app(standalone_mode=False)
        except typer.Abort:  # Ctrl+C
            print()
            code = 1
        except UsageError as error:
            name = getattr(getattr(error, "param", None), "name", None)
            raise InputError(
                f"vars.{name}: {error.message}" if name else error.format_message(),
                remedy="Set it in project.yml, or on the command line after --vars.",
            ) from None
    sys.exit(code or 0)
