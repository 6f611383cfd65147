"""The list of mutations fits the source; ``python tests/mutations.py`` tries whether tests catch them."""

from __future__ import annotations

from pathlib import Path

from tests.mutations import MUTATIONS, ROOT


def test_every_mutation_changes_one_place_and_names_tests_that_are_there() -> None:
    for mutation in MUTATIONS:
        text = Path(ROOT, "src/feraug", mutation.path).read_text(encoding="utf-8")
        assert text.count(mutation.old) == 1 and mutation.new != mutation.old, mutation.what
        for test in mutation.tests:
            file, _, name = test.partition("::")
            there = Path(ROOT, file)
            assert there.exists(), (mutation.what, test)
            assert not name or f"def {name}(" in there.read_text(encoding="utf-8"), (mutation.what, test)
