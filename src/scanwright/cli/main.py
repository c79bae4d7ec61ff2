"""``scanwright``: the verbs, and what happens when something goes wrong."""

from __future__ import annotations

import sys
from typing import Annotated

import click
import typer

from scanwright import __version__
from scanwright.cli.compare import compare
from scanwright.cli.compress import compress
from scanwright.cli.console import is_heard
from scanwright.cli.convert import convert
from scanwright.cli.demo import demo
from scanwright.cli.enhance import enhance
from scanwright.cli.evaluate import evaluate
from scanwright.cli.explain import explain
from scanwright.cli.export import export
from scanwright.cli.follow import follow
from scanwright.cli.fuse import fuse
from scanwright.cli.inspect import inspect
from scanwright.cli.measure import measure
from scanwright.cli.plan import plan
from scanwright.cli.predict import predict
from scanwright.cli.register import register
from scanwright.cli.start import INTERRUPTED
from scanwright.cli.train import train
from scanwright.errors import ScanwrightError
from scanwright.extras import needing_analysis

# Typer would write help for its own coloured layout, whose escapes show as backslashes in plain help.
typer.core.HAS_RICH = False
HELP = (
    "From a folder of medical scans to a model a clinician can check. Research use only, not for diagnosis."
)
KEPT = {
    "train": " What was done, if anything, is kept: --resume goes on.",
    "compress": " What was tried, if anything, is kept: --resume goes on.",
    "explain": " The cases that were done, if any, are kept.",
    "predict": " The cases that were done, if any, are kept: --resume goes on.",
}
"""Verb → what Ctrl-C leaves."""

app = typer.Typer(
    name="scanwright",
    help=HELP,
    no_args_is_help=True,
    suggest_commands=False,  # click does so itself
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    demo,
    inspect,
    convert,
    enhance,
    plan,
    train,
    evaluate,
    compare,
    predict,
    explain,
    compress,
    export,
    measure,
    follow,
    register,
    fuse,
):
    app.command()(verb)


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"scanwright {__version__}\n")
        raise typer.Exit


@app.callback()
def front(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """What the program is for: see HELP."""


def main() -> None:
    """Run a command; errors that a user can mend are one clear line, never a traceback."""
    try:
        with needing_analysis("".join(sys.argv[1:2])):
            code = app(standalone_mode=False)
    except ScanwrightError as error:
        if is_heard():
            sys.stderr.write(f"scanwright: {error}\n")
        code = error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        code = 1
    except MemoryError:
        sys.stderr.write(
            "scanwright: there is not enough memory for this. Plan smaller patches or a coarser grid "
            "(--set patch_voxels=…, spacing_mm=…), or use smaller images.\n"
        )
        code = 1
    # Typer turns Ctrl-C into this code before it comes here.
    if code == INTERRUPTED:
        sys.stderr.write(f"\nscanwright: stopped.{KEPT.get(''.join(sys.argv[1:2]), '')}\n")
    sys.exit(code or 0)


if __name__ == "__main__":
    main()
