"""The documentation: it builds without a warning, its links lead somewhere, its code is of this version."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import feraug
from feraug.cli.commands import COMMANDS
from feraug.errors import FeraugError

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
FOREIGN = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(?:https?:)?//|<link[^>]*\shref=[\"']?(?:https?:)?//"
)
"""What a browser would fetch from elsewhere."""
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The fenced blocks of a page in these languages."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\w*)[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if found[1] in languages:
            yield found[2]


def typed(page: Path) -> Iterator[list[str]]:
    """The words after ``feraug`` of every command in a page's blocks."""
    for block in blocks(page, "bash", "console", "powershell"):
        for line in re.sub(r"\\\n\s*", "", block).split("\n"):
            for part in re.split(r"\s*(?:&&|\|\||;|\|)\s*", line):
                found = re.match(r"(?:\$ |.*-m )?(?:\w+=\S* )*feraug (.*)", part)
                if found:
                    yield shlex.split(found[1].split("…")[0], comments=True)


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    generator = load("generate_commands")
    return dict(generator._commands())


def test_the_site_builds_without_a_warning_and_asks_the_network_for_nothing(tmp_path: Path) -> None:
    site = Path(os.environ.get("FERAUG_TEST_SITE", tmp_path / "site"))  # there, where it was built before
    pytest.importorskip("mkdocs", reason="mkdocs is not installed; pip install 'feraug[docs]'")
    pytest.importorskip("material", reason="mkdocs-material is not installed; pip install 'feraug[docs]'")
    build = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(site),
    ]
    if not site.exists():
        done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(NAMES) - 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not FOREIGN.search(re.sub(r'<link rel="?canonical[^>]*>', "", text)), page
    methods = (site / "methods.html").read_text(encoding="utf-8")
    assert methods.count("<math") == methods.count("</math>") > methods.count('class="formula"') > 6
    assert "$$" not in methods


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_and_pictures_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    missing = [
        target
        for target in targets
        if not target.startswith(("https://", "http://", "#", "mailto:"))
        and not (page.parent / target.split("#")[0]).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_in_pages_are_known_to_the_command_line(page: Path, commands: dict[str, Any]) -> None:
    for words in typed(page):
        if words and words[0].startswith("-"):
            continue  # feraug --version
        assert words[0] in COMMANDS, words
        size = 2 if words[0] == "train" and not words[1].isupper() else 1
        name, rest = " ".join(words[:size]), words[size:]
        if name == "train" or "--help" in rest:
            continue  # train MODEL --dry-run, any model
        assert name in commands, words
        with contextlib.suppress(FeraugError):  # what it makes of values, such as a folder that is not here
            commands[name].make_context(name, list(rest))


def test_a_wrong_option_in_a_page_would_be_noticed(commands: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="No such option"):
        commands["train cyclegan"].make_context("train cyclegan", ["--cycle-wieght", "3"])
    with pytest.raises(typer.BadParameter):
        commands["synth"].make_context("synth", ["-n", "many"])


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_in_pages_is_python_and_its_names_are_public(page: Path) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "feraug"
            ):
                assert node.attr in feraug.__all__, node.attr
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("feraug"):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, alias.name) for alias in node.names), node.module


def test_every_public_name_is_in_the_python_page() -> None:
    page = (DOCS / "python-api.md").read_text(encoding="utf-8")
    silent = [name for name in feraug.__all__ if not re.search(rf"[`\s.(|]{name}\b", page)]
    assert silent == []


def api_rows() -> list[tuple[str, str]]:
    """Each function of the table of workflows, with its arguments, and what its result is said to have."""
    page = (DOCS / "python-api.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `")]
    calls = [(row[0].strip(" `"), row[-1]) for row in rows if len(row) == 4]
    assert len(calls) > 10
    return calls


@pytest.mark.parametrize(("call", "result"), api_rows())
def test_functions_take_and_give_what_the_python_page_says(call: str, result: str) -> None:
    name, arguments = call.removesuffix(")").split("(", 1)
    function = getattr(feraug, name)
    taken = inspect.signature(function).parameters
    variadic = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    assert variadic or set(re.findall(r"\w+(?==)", arguments)) <= set(taken)
    given = typing.get_type_hints(function)["return"]
    for kind in typing.get_args(given) or (given,):
        names = re.findall(r"`(\w+)`", result)
        known = {*getattr(kind, "__dataclass_fields__", {}), *dir(kind)}
        if kind.__name__ != "ClassifierResult":  # of train(), which has a row of its own
            assert names == [] or set(names) <= known, (kind, set(names) - known)


def test_the_pages_of_commands_are_of_this_version() -> None:
    generator = load("generate_commands")
    now = generator.pages()
    assert {path.name for path in (DOCS / "commands").glob("*.md")} == set(now)
    old = [
        name for name, text in now.items() if (DOCS / "commands" / name).read_text(encoding="utf-8") != text
    ]
    assert old == [], "run 'python docs/generate_commands.py'"
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert generator.site(site, list(now)) == site, "run 'python docs/generate_commands.py'"


def test_the_first_page_has_the_readme_s_first_command() -> None:
    assert next(blocks(DOCS / "index.md", "bash")) == next(blocks(ROOT / "README.md", "bash"))


def test_math_becomes_mathml_and_code_stays() -> None:
    pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; pip install 'feraug[docs]'")
    page = "a $$x^2$$ b\n\n```bash\necho $$ $$\n```\n\n$$\\frac{1}{2}$$\n"
    made = load("math_hook").on_page_markdown(page)
    assert made.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">') == 2
    assert "<msup>" in made and "<mfrac>" in made and "echo $$ $$\n" in made


def test_workflows_check_before_they_publish() -> None:
    yaml = pytest.importorskip("yaml")
    folder = ROOT / ".github" / "workflows"
    ci, release = (yaml.safe_load((folder / f"{name}.yml").read_text()) for name in ("ci", "release"))
    steps = [step.get("run") for step in ci["jobs"]["check"]["steps"]]
    assert {"make check", "make build"} <= set(steps)
    steps = [step.get("run", "") for step in ci["jobs"]["lowest"]["steps"]]
    assert "--resolution lowest-direct" in steps[-2] and steps[-1] == "make test"
    elsewhere = ci["jobs"]["elsewhere"]
    assert elsewhere["strategy"]["matrix"]["system"] == ["windows-latest", "macos-latest"]
    tried = [
        shlex.split(step["run"]) for step in elsewhere["steps"] if step.get("run", "").startswith("feraug ")
    ]
    assert {words[1] for words in tried} >= {
        "prepare",
        "train",
        "synth",
        "filter",
        "bench",
        "report",
        "doctor",
    }
    assert release["jobs"]["publish"]["needs"] == "build"
    assert release["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    steps = [step.get("run", "") for step in release["jobs"]["build"]["steps"]]
    assert steps.index("make check") < steps.index("make build")
    pattern = next(re.search(r"s/\^(.*?)\\\(", step) for step in steps if "sed -n" in step)
    assert pattern and pattern[1] in (ROOT / "src" / "feraug" / "version.py").read_text()


def test_the_presets_are_what_the_page_of_methods_says() -> None:
    from feraug.config import PRESETS

    text = (DOCS / "methods.md").read_text(encoding="utf-8")
    table = text.split("**`cpu`**, what gets furthest")[1].split("\n\n")[1]
    told: dict[str, dict[str, Any]] = {}
    before: dict[str, Any] = {}
    for line in table.splitlines()[2:]:
        names, settings = line.strip("| ").split(" | ")
        found = {
            name: ast.literal_eval(value.title())
            for name, value in re.findall(r"`(\w+)` ([\w.-]+)", settings)
        }
        before = {**before, **found} if settings.startswith("the same") else found
        told |= dict.fromkeys(re.findall(r"`([\w-]+)`", names), before)
    assert told == {model: PRESETS["cpu"][model] for model in told} and len(told) == 7


def test_the_presets_are_what_the_page_of_classifiers_says() -> None:
    from feraug.config.classifiers import CLASSIFIER_PRESETS

    text = (DOCS / "classifiers.md").read_text(encoding="utf-8")
    table = text.split("| preset | classifier | settings |")[1].split("\n\n")[0]
    told: dict[str, dict[str, dict[str, Any]]] = {}
    preset = ""
    for line in table.splitlines()[2:]:
        first, classifier, settings = (cell.strip(" `") for cell in line.strip("|").split("|"))
        preset = first or preset
        told.setdefault(preset, {})[classifier] = {
            name: float(value) if re.match(r"[\d.]", value) else value
            for name, value in re.findall(r"`?(\w+)` ([\w.-]+)", settings)
        }
    assert told == CLASSIFIER_PRESETS


def test_the_objective_in_adding_an_objective_is_the_code() -> None:
    """But for its docstrings."""
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    shown = page.split("## Adding an objective")[1].split("```python\n")[1].split("```")[0]

    def plain(source: str) -> str:
        tree = ast.parse(source)
        (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "R3GAN")
        for node in ast.walk(found):
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                del node.body[0]
        return ast.unparse(found)

    assert plain(shown) == plain((DOCS.parent / "src/feraug/objectives/noise.py").read_text(encoding="utf-8"))


_POINTS = r"([−+-]\d+\.\d)"
FOUND = re.compile(
    rf"{_POINTS}(?: points?)?(?: of [a-z ]+)?,? \(?{_POINTS} to {_POINTS}(?: points)?(?![\d.])|"
    rf"{_POINTS} of its recall in the second row \({_POINTS} to {_POINTS}\)"
)
"""A difference with its interval, as README and the pages print it."""
RESULTS = DOCS / "results" / "fer2013.md"


def differences(text: str) -> list[tuple[str, ...]]:
    plain = text.replace("−", "-").replace("**", "")
    return [tuple(part for part in match.groups() if part) for match in FOUND.finditer(plain)]


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/index.md",
        "docs/findings.md",
        "docs/honest-benchmarking.md",
        "docs/bench.md",
    ],
)
def test_differences_on_fer2013_are_those_of_the_results_page(name: str) -> None:
    """The page is made from the records; figures that are copied from it must not outlive it."""
    known = set(differences(RESULTS.read_text(encoding="utf-8")))
    assert len(known) > 100
    told = differences((ROOT / name).read_text(encoding="utf-8"))
    assert told or name.endswith(("index.md", "honest-benchmarking.md"))
    assert [figures for figures in told if figures not in known] == []


def what_helped() -> dict[str, dict[str, list[str]]]:
    """The results page's first table: translations and oversampling, by accuracy on real faces alone."""
    section = RESULTS.read_text(encoding="utf-8").partition("## What helped")[2]
    section = section.partition("\nDo classifiers differ")[0]
    found: dict[str, dict[str, list[str]]] = {}
    rows: dict[str, list[str]] = {}
    for line in section.replace("**", "").splitlines():
        name, *cells = line.strip("| ").split(" | ")
        if name.endswith(": real faces alone"):
            rows = found.setdefault(cells[1], {})
        for arm, words in (
            ("oversampling", r"`oversampled`"),
            ("translations", r"\*(simple-(long|wider)|surreal|vgg19)\*"),
        ):
            if re.search(rf"\({words}\)$", name):
                rows[arm] = [cell.partition(")")[0] + ")" for cell in cells[1:]]
    return found


@pytest.mark.parametrize(
    ("name", "columns"),
    [("README.md", (0, 2)), ("docs/findings.md", (0, 2, 3))],
)
def test_the_table_of_four_classifiers_is_that_of_the_results_page(
    name: str, columns: tuple[int, ...]
) -> None:
    text = (ROOT / name).read_text(encoding="utf-8").replace("−", "-")
    found = what_helped()
    rows = [
        line.strip("| ").split(" | ")
        for line in text.splitlines()
        if re.match(r"\| `(sim|sur|vgg)\S+`.*%", line)
    ]
    told = {re.search(r"(\d+\.\d) %", row[0])[1]: row[1:] for row in rows}  # type: ignore[index]
    assert told == {
        alone: [arms[arm][column] for arm in ("translations", "oversampling") for column in columns]
        for alone, arms in found.items()
    }
