"""`condatui duplicates`: which environments are really the same, and what going to one of them frees."""

from __future__ import annotations

import click

from condatui.cli.documents.duplicates import describe_duplicates
from condatui.cli.invocation import Invocation, find_groups
from condatui.cli.options import Grouping, examples, global_options, grouping_options, json_option, snapshots_option
from condatui.cli.stderr import say_problems
from condatui.json_documents import print_json
from condatui_core.records.environment import shown_names


@click.command("duplicates", epilog=examples("duplicates", "duplicates --threshold 95% --keeper nlp-exp"))
@grouping_options
@snapshots_option
@json_option
@global_options
@click.pass_obj
def command(invocation: Invocation, *, grouping: Grouping, as_json: bool) -> None:
    """Group environments that are alike, say which one of each group to keep, and what going to it frees.

    Packages are the same by name, version and channel, a mirror counting as what it mirrors. Nothing is removed.
    With --snapshots it groups those of all machines, and what goes frees nothing here.
    """
    import asyncio  # noqa: PLC0415 - `--help` needs none

    from condatui.cli.disk import disk_of, usage_of_all  # noqa: PLC0415 - as above

    workbench = invocation.workbench()
    others = invocation.other_machines(workbench) if invocation.snapshots else None
    inventory = others.inventory if others else invocation.load(workbench)
    say_problems(inventory.problems)
    used = workbench.settings.alike_threshold if grouping.threshold is None else grouping.threshold
    chosen = invocation.prefixes_of(grouping.keepers, inventory)
    survey = None
    if others:
        working = [prefix for prefix, told in others.gpu.items() if told.kind == "works"]
        groups = asyncio.run(workbench.groups(inventory, threshold=used, chosen=chosen, working_gpu=working))
    else:
        groups = asyncio.run(find_groups(workbench, inventory, threshold=used, chosen=chosen))
        usage = asyncio.run(usage_of_all(disk_of(invocation), inventory)) if groups else None
        survey = workbench.survey_cleanup(inventory, usage, groups)
        groups = survey.groups
    document = describe_duplicates(groups, inventory, survey, threshold=used)
    if as_json:
        print_json(document)
    else:
        from condatui.cli.pages.duplicates import print_duplicates  # noqa: PLC0415 - Rich is for people

        print_duplicates(invocation, groups, document, shown_names(inventory.environments))
