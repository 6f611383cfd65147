"""A file that stands where another is wanted: one piece of advice, not two."""

from __future__ import annotations

from pathlib import Path

import pytest

from feraug.config import PrepareConfig
from feraug.errors import ArtifactError
from feraug.workflows.prepare import prepare


def test_a_damaged_result_has_the_advice_of_who_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "dataset.h5"
    path.write_text("hello")
    with pytest.raises(ArtifactError) as caught:
        prepare("drawn:140", PrepareConfig(near_copies=False), path)
    assert (
        str(caught.value)
        == f"{path}: not an HDF5 file; --overwrite replaces it, --name NAME writes another file"
    )
