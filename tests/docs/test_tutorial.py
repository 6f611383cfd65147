"""Every command of docs/tutorial.md, word for word, prints what the page says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


tutorial = load("generate_tutorial")
PAGE = (DOCS / "tutorial.md").read_text(encoding="utf-8")


def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    found = list(tutorial.commands(PAGE))
    assert {command.arguments[0] for command in found} >= {
        "prepare", "train", "synth", "info", "filter", "ssim", "compare", "bench", "export",
    }  # fmt: skip
    for command in found:
        printed = tutorial.run(command, tmp_path)
        says, does = (tutorial.comparable(command, text) for text in (command.output, printed))
        assert says == does, f"{command.line}: run 'python docs/generate_tutorial.py'"
    for there, here in tutorial.PICTURES.items():
        assert (tmp_path / there).is_file(), there
        assert f"(pictures/{here})" in PAGE and (DOCS / "pictures" / here).is_file()


def one(line: str) -> object:
    return tutorial.Command(line, "", 0, 0)


@pytest.mark.parametrize(
    ("line", "before", "after", "alike"),
    [
        # Of what networks did only the numbers may differ …
        ("feraug train x", " cycle_a    0.0457\n", " cycle_a   10.0459\n", True),
        ("feraug train x", " cycle_a    0.0457\n", " cycle_b    0.0457\n", False),
        ("feraug train x", " 1 (chosen)   25.0%\n 2   9.0%", " 1   25.0%\n 2 (chosen)  31.2%", True),
        ("feraug ssim", " real  0.3  -0.1", " real  0.3", False),
        ("feraug bench", "real+synthetic is better than real.", "real+synthetic: one repeat", True),
        ("feraug bench", " - real   +0.0", "   +0.0", False),
        # … of everything else, digests alone.
        ("feraug prepare x", "300 images", "301 images", False),
        ("feraug prepare x", " all   300", " all  300", False),
        ("feraug info x", "(SHA-256 cdd276a7389e6ada…)", "(SHA-256 f5aba2ded9706f1a…)", True),
        ("feraug info x", "made from: a.h5", "made from: b.h5", False),
    ],
)
def test_what_may_differ(line: str, before: str, after: str, alike: bool) -> None:
    command = one(line)
    assert (tutorial.comparable(command, before) == tutorial.comparable(command, after)) is alike


def test_a_command_that_fails_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"exit code 1\nerror: .*nothing\.h5"):
        tutorial.run(one("feraug info nothing.h5"), tmp_path)


def test_commands_of_a_page() -> None:
    page = (
        "text\n```console\n$ feraug a 'b c'   # why\nout\n\nmore\n$ feraug d\n```\n```bash\n$ feraug e\n```\n"
    )
    found = list(tutorial.commands(page))
    assert [command.arguments for command in found] == [["a", "b c"], ["d"]]
    assert [command.output for command in found] == ["out\n\nmore", ""]
