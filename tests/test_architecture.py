"""The rooms of the house: imports go one way, the command line starts without the heavy libraries."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import feraug

ROOT = Path(__file__).parents[1]


def test_import_contracts_hold() -> None:
    """Layers, no cycles (imports inside functions count too), and the forbidden ones; see pyproject.toml."""
    lint = Path(sys.executable).with_name("lint-imports")
    if not lint.exists():
        pytest.skip("import-linter is not installed; pip install 'feraug[dev]'")
    done = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["prepare", "--help"],
        ["synth", "--help"],
        ["filter", "--help"],
        ["train", "cyclegan", "--help"],
    ],
)
def test_the_command_line_answers_without_heavy_libraries(arguments: list[str]) -> None:
    code = (
        "import sys, feraug.cli.main as m\n"
        f"sys.argv = ['feraug', *{arguments!r}]\n"
        "try: m.main()\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "heavy = {'torch', 'h5py', 'numpy', 'mediapipe', 'matplotlib', 'skimage', 'PIL', 'scipy'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_prepare_without_near_copies_imports_no_torch_and_no_numba(tmp_path: Path) -> None:
    code = (
        "import sys, feraug.cli.main as m\n"
        f"sys.argv = ['feraug', 'prepare', 'drawn:140', '--no-near-copies', '-q', '-w', {str(tmp_path)!r}]\n"
        "try: m.main()\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "assert not {'torch', 'mediapipe', 'numba'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ssim_imports_no_torch(drawn_dataset: Path, tmp_path: Path) -> None:
    made = Path(__file__).parent / "data" / "archives" / "v1-synthetic.h5"
    arguments = ["--synthetic", str(made), "--dataset", str(drawn_dataset), "-q", "-w", str(tmp_path)]
    code = (
        "import sys, feraug.cli.main as m\n"
        f"sys.argv = ['feraug', 'ssim', '--queries', '5', '--pairs', '9', *{arguments!r}]\n"
        "try: m.main()\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "assert 'torch' not in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_error_is_exported() -> None:
    """Else a caller could catch it by the name of all errors alone."""
    errors = {name for name, one in vars(feraug.errors).items() if isinstance(one, type)}
    assert errors <= set(feraug.__all__)


def test_public_names_are_there_and_lazy() -> None:
    for name in feraug.__all__:
        assert getattr(feraug, name) is not None
    code = "import sys, feraug; assert not {'torch', 'numpy', 'h5py'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module("feraug").nonsense  # noqa: B018
