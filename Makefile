# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

# Two commands set a fresh machine up: make demo, make test. The rest are chores.
# They work in the virtual environment that is active, else in .venv.

PYTHON ?= python3
VENV := $(or $(VIRTUAL_ENV),$(CURDIR)/.venv)
BIN := $(VENV)/bin
JOBS ?= 2
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

.PHONY: help demo test test-fast test-all coverage doctest lint types licences version-check docs check sheet bench speech \
	golden chromium clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: $(BIN)/.videoguide  ## render the sample campaign's guides into output/demo
	$(BIN)/videoguide approve assegno-unico
	$(BIN)/videoguide render assegno-unico scenes/assegno-unico/sample.csv --output output/demo

test: doctest chromium  ## the tests, in about a quarter of an hour
	$(PYTEST) -m "not thorough"

test-fast: doctest  ## the quick tests, in a few minutes: without real voices, full size, whole runs and browser
	$(PYTEST) -m "not slow and not browser and not thorough"

test-all: doctest chromium  ## all tests, with those that listen to every sentence
	$(PYTEST)

coverage: doctest chromium  ## all tests, measured: fails when they reach too little of the code
	$(PYTEST) --cov --cov-report=term

doctest: $(BIN)/.videoguide-test  ## the examples in docstrings, in seconds
	$(BIN)/python -m pytest --quiet --doctest-modules --ignore=videoguide/records/migrations videoguide

lint: $(BIN)/.videoguide-test  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/.videoguide-test  ## strict types
	$(BIN)/mypy

licences: $(BIN)/.videoguide-test  ## every file says whose it is and under which licence
	$(BIN)/reuse lint --lines

version-check: $(BIN)/.videoguide-test  ## one version in program, change log and tag
	$(BIN)/python scripts/check_version.py

docs: $(BIN)/.videoguide-test  ## the documentation site into output/site; fails on any warning
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

check: $(BIN)/.videoguide  ## prove the campaign pack
	$(BIN)/videoguide check assegno-unico

sheet: $(BIN)/.videoguide  ## contact sheet of every scene and variant
	$(BIN)/videoguide sheet assegno-unico --output docs/contact-sheet.png

bench: $(BIN)/.videoguide-test  ## measure; writes docs/benchmarks.md
	$(BIN)/python benchmarks/guide.py
	$(BIN)/python benchmarks/portal.py
	$(BIN)/python benchmarks/hanging_provider.py
	$(BIN)/python benchmarks/figures.py
	$(BIN)/python benchmarks/campaign.py

speech: $(BIN)/.videoguide-test  ## recognise every sentence and 100 names; writes docs/intelligibility.md
	$(BIN)/python benchmarks/intelligibility.py

golden: $(BIN)/.videoguide-test  ## renew golden frames and texts; look at the difference before committing
	$(BIN)/python -m pytest --update-golden

chromium:  # the browser tests' browser, from the system's packages where we may install them
	@command -v chromium >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium; } \
	  || echo "Chromium is missing and cannot be installed here: the browser tests will not run."

clean:  ## forget what was made (the store, guides, database)
	rm -rf output/store output/demo output/demonstration output/site output/videoguide.db* build dist .coverage*

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(BIN)/.videoguide: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(BIN)/.videoguide-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[test,docs]"
	@touch $@ $(BIN)/.videoguide
