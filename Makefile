# One verb a chore.  `make check` is what CI runs after the install.
.PHONY: install lint types contracts docs test check format build clean

install:            ## this checkout, editable, with the developers' tools
	pip install -e ".[dev]"

format:             ## rewrite the code in the one style
	ruff format src tests benchmarks examples docs
	ruff check --fix src tests benchmarks examples docs

lint:               ## style and common mistakes
	ruff check src tests benchmarks examples docs
	ruff format --check src tests benchmarks examples docs

types:              ## mypy, strict
	mypy

contracts:          ## imports go one way only
	lint-imports --no-cache

docs:               ## the documentation as a site, build/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

test:               ## the whole test suite, on two cores
	pytest -n 2 -q

check: lint types contracts docs test

build:              ## wheel and sdist, checked as PyPI would
	rm -rf dist
	python -m build
	twine check --strict dist/*

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
