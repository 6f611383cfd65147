"""Write docs/commands/ from the command line itself, and its list in mkdocs.yml.

    python docs/generate_commands.py

A page a command, and a page a sub-command of ``train``: what it does, its arguments and options with
their defaults.  Run it after every change of an option; a test fails while the pages are old.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

DOCS = Path(__file__).parent
FOLDER = DOCS / "commands"
SITE = DOCS.parent / "mkdocs.yml"
NOTE = "<!-- Made by docs/generate_commands.py out of the code; do not edit. -->\n"
BEGIN, END = "  # <commands> by docs/generate_commands.py", "  # </commands>"
HIDDEN = ("--help", "--install-completion", "--show-completion")
MORE = {
    "prepare": "[The audit](../audit.md), [drawn faces](../drawn-faces.md)",
    "train": "[Methods](../methods.md), [classifiers](../classifiers.md), [scaling out](../scaling-out.md)",
    "synth": "[Faces and photos](../faces.md)",
    "filter": "[Filter, and how well the detectors do](../faces.md#filter)",
    "ssim": "[Similarity](../similarity.md)",
    "compare": "[Compare: what each figure means](../compare.md)",
    "bench": "[The benchmark](../bench.md), [honest benchmarking](../honest-benchmarking.md)",
    "info": "[Where an image comes from](../faces.md#where-an-image-comes-from), "
    "[file format](../file-format.md)",
    "export": "[File format](../file-format.md)",
}
"""Pages that say more, by command."""


def pages() -> dict[str, str]:
    """The text of every page by its file name."""
    found = {"index.md": _index()}
    for name, command in _commands():
        found[f"{name.replace(' ', '-')}.md"] = _page(name, command)
    return found


def site(text: str, names: list[str]) -> str:
    """``mkdocs.yml`` with these pages in its navigation."""
    lines = [f"      - {_title(name)}: commands/{name}" for name in names]
    between = "\n".join([BEGIN, "  - Commands:", *lines, END])
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", between, text, flags=re.DOTALL)


def _title(page: str) -> str:
    return "All commands" if page == "index.md" else page.removesuffix(".md").replace("train-", "train ", 1)


def _commands() -> Iterator[tuple[str, Any]]:
    """Each command and sub-command with its full name; a group itself comes before its own."""
    from feraug.cli.commands import COMMANDS

    for name in COMMANDS:
        command = typer.main.get_command(importlib.import_module(f"feraug.cli.{name}").app)
        yield name, command
        for sub, inner in getattr(command, "commands", {}).items():
            yield f"{name} {sub}", inner


_INDEX = """# Commands

What `feraug --help` lists. `feraug COMMAND --help` says the same as its page.

| command | does |
| --- | --- |
{rows}

Every command takes `--json` (one object on stdout, with the absolute `path` of what was written) and
`--quiet`. Results go to stdout, progress and notes to stderr. Exit codes: 0 done, 1 failed, 2 bad command
line, 130 interrupted.

`feraug --version` prints the version; `feraug --install-completion` teaches your shell the names.
"""


def _index() -> str:
    from feraug.cli.commands import COMMANDS

    rows = [f"| [`{name}`]({name}.md) | {line} |" for name, line in COMMANDS.items()]
    return f"{NOTE}\n{_INDEX.format(rows=chr(10).join(rows))}"


def _page(name: str, command: Any) -> str:
    text = inspect.cleandoc(command.help or "").strip()
    parts = [NOTE, f"# feraug {name}\n", *_description(text)]
    inner = getattr(command, "commands", None)
    if inner:
        rows = [
            f"| [`{name} {sub}`]({name}-{sub}.md) | {_cell((one.help or '').split(chr(10))[0])} |"
            for sub, one in inner.items()
        ]
        parts += ["| sub-command | does |", "| --- | --- |", *rows, ""]
    else:
        parts += ["```text", f"feraug {name} {_usage(command)}", "```", ""]
        for kind in ("argument", "option"):
            parts += _table(command, kind, [one for one in command.params if one.param_type_name == kind])
    more = MORE.get(name.split()[0])
    return "\n".join([*parts, *([f"More: {more}.", ""] if more else [])])


def _description(text: str) -> list[str]:
    """The help as paragraphs, with the commands that it names as code."""
    marked = re.sub(r"(feraug [a-z][^\n]*?)(\.?)$", r"`\1`\2", text, flags=re.MULTILINE)
    return [marked, ""] if marked else []


def _usage(command: Any) -> str:
    names = [_metavar(command, one) for one in command.params if one.param_type_name == "argument"]
    return " ".join([*names, "[OPTIONS]"])


def _table(command: Any, kind: str, parameters: list[Any]) -> list[str]:
    rows = [_row(command, one) for one in parameters if not set(HIDDEN) & set(one.opts) and not one.hidden]
    if not rows:
        return []
    return [f"| {kind} | default | |", "| --- | --- | --- |", *rows, ""]


def _row(command: Any, parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{_metavar(command, parameter)}`"
        default = "" if parameter.required else _default(parameter)
    else:
        words = [", ".join(parameter.opts), ", ".join(parameter.secondary_opts)]
        names = " / ".join(f"`{word}`" for word in words if word)
        if not parameter.is_flag:
            names = f"`{words[0]} {_metavar(command, parameter)}`"
        default = _default(parameter)
    return f"| {_cell(names)} | {_cell(default)} | {_cell(parameter.help or '')}{_environment(parameter)} |"


def _metavar(command: Any, parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    # Where the kind of a value stands differs from one typer to the next; in the help it stands in all.
    shown = parameter.get_help_record(typer.Context(command))[0].upper()
    return "N" if re.search(r"\bINT", shown) else "NUMBER" if re.search(r"\bFLOAT", shown) else "NAME"


def _default(parameter: Any) -> str:
    """What holds without the option: in words where it has them, else its value as code."""
    shown, value = parameter.show_default, parameter.default
    if isinstance(shown, str):
        return shown
    if value is None or value == "" or shown is False:
        return ""
    if parameter.secondary_opts:
        return f"`{(parameter.opts if value else parameter.secondary_opts)[0]}`"
    if parameter.is_flag:
        return ""
    return f"`{value}`"


def _environment(parameter: Any) -> str:
    given = parameter.envvar
    names = [given] if isinstance(given, str) else list(given or ())
    return f" `${names[0]}` says it too." if names else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the pages, remove those of commands that are gone, and list them in mkdocs.yml."""
    FOLDER.mkdir(exist_ok=True)
    now = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in now:
            old.unlink()
    for name, text in now.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    SITE.write_text(site(SITE.read_text(encoding="utf-8"), list(now)), encoding="utf-8")
    print(f"wrote: {FOLDER} ({len(now)} pages)")


if __name__ == "__main__":
    main()
