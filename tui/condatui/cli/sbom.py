"""`condatui sbom`: a bill of materials of an environment, for scanners that know nothing of conda."""

from __future__ import annotations

import click

from condatui.cli.completion_values import environments, files
from condatui.cli.invocation import Invocation
from condatui.cli.options import FORCE, examples, global_options, note_prefixes
from condatui.cli.stderr import say, say_problems
from condatui_core import __version__
from condatui_core.actions.guards import refuse
from condatui_core.actions.written_files import blockers_to_write, write_file
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.prefix import PrefixContents

_STDOUT = "-"


@click.command("sbom", epilog=examples("sbom nlp-exp -o nlp-exp.cdx.json", "sbom nlp-exp | grype"))
@click.argument("env", callback=note_prefixes, shell_complete=environments)
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    shell_complete=files,
    default=_STDOUT,
    help="The file; `-`, the default, is stdout.",
)
@click.option("--force", "replace", is_flag=True, help=FORCE)
@global_options
@click.pass_obj
def command(invocation: Invocation, *, env: str, file: str, replace: bool) -> None:
    """Write what an environment consists of as CycloneDX 1.6, with what conda packages ship under the names of PyPI.

    ENV is a name or a prefix. So Trivy, Grype and osv-scanner find the known vulnerabilities; `condatui check --scan`
    takes in what they report. The same environment gives the same document, but for the time in it.
    """
    target = file if file == _STDOUT else invocation.absolute(file)
    if target != _STDOUT:
        refuse(blockers_to_write(target, replace=replace))
    inventory = invocation.load()
    say_problems(inventory.problems)
    environment = invocation.environment(inventory, env)
    text = _text(invocation, inventory, environment)
    if target == _STDOUT:
        click.echo(text, nl=False)
    else:
        write_file(target, text.encode(), replace=replace)


def _text(invocation: Invocation, inventory: Inventory, environment: Environment) -> str:
    contents = _contents(environment)
    for each in contents.unreadable:
        say(f"condatui: not in the bill: {each.path}: {each.reason}")
    try:
        from condatui_core.reports.cyclonedx import Subject, bill_of_materials  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        hint = "pip install 'condatui[sbom]'"
        raise UsageError("A bill of materials needs the package cyclonedx-python-lib.", str(error), hint) from error
    config = inventory.channel_config(environment)
    subject = Subject(environment=environment, contents=contents, config=config, version=__version__)
    return bill_of_materials(subject, at=invocation.clock())


def _contents(environment: Environment) -> PrefixContents:
    """What was read of an environment. CondatuiError if that is nothing."""
    contents = environment.contents
    if contents is None or not environment.readable or not contents.has_conda_meta:
        where = f"{environment.prefix}: it is {environment.state}"
        raise CondatuiError("Nothing is known of what is in this environment.", where)
    return contents
