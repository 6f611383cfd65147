# One verb a chore.  `make check` is what CI runs after the install.
.PHONY: install lint types contracts test check format build clean

install:            ## this checkout, editable, with the developers' tools
	pip install -e ".[dev]"

format:             ## rewrite the code in the one style
	ruff format src tests benchmarks examples
	ruff check --fix src tests benchmarks examples

lint:               ## style and common mistakes
	ruff check src tests benchmarks examples
	ruff format --check src tests benchmarks examples

types:              ## mypy, strict
	mypy

contracts:          ## imports go one way only
	lint-imports --no-cache

test:               ## the whole test suite, on two cores
	pytest -n 2 -q

check: lint types contracts test

build:              ## wheel and sdist, checked as PyPI would
	rm -rf dist
	python -m build
	twine check --strict dist/*

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
