"""``feraug bench --pool``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from feraug.cli import config_options, console
from feraug.cli.bench import print_result
from feraug.cli.command_line import as_typed
from feraug.config.values import option
from feraug.errors import UsageError

_HERE = ("pool", "name", "workspace", "overwrite", "as_json", "quiet")


def run(context: typer.Context, files: Sequence[Path]) -> None:
    """Put these benchmarks together, by the other options of ``feraug bench`` that stand in ``context``."""
    unused = config_options.typed(context, [name for name in context.params if name not in _HERE])
    if unused:
        flag = option(unused[0])
        raise UsageError(f"--pool, {flag}: cannot be combined; --pool trains nothing, so leave {flag} out")

    from feraug.store.workspace import Workspace
    from feraug.workflows.bench_pool import pool

    given = context.params
    result = pool(
        files, Workspace(given["workspace"]),
        name=given["name"], overwrite=given["overwrite"], command=as_typed(),
    )  # fmt: skip
    console.print_json(result.as_json()) if given["as_json"] else print_result(result)
