# Two commands set a fresh machine up: make demo, make test. The rest are chores.
# They work in the virtual environment that is active, else in .venv.

PYTHON ?= python3
VENV := $(or $(VIRTUAL_ENV),$(CURDIR)/.venv)
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: help demo test test-all test-fast lint types check sheet bench speech golden chromium clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: $(BIN)/.videoguide  ## render the sample campaign's guides into output/demo
	$(BIN)/videoguide approve assegno-unico
	$(BIN)/videoguide render assegno-unico scenes/assegno-unico/sample.csv --output output/demo

test: $(BIN)/.videoguide-test chromium  ## the tests, in some ten minutes
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not thorough"

test-all: $(BIN)/.videoguide-test chromium  ## all tests, with those that listen to every sentence
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

test-fast: $(BIN)/.videoguide-test  ## without real voices, full size and browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not slow and not browser"

lint: $(BIN)/.videoguide-test  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/.videoguide-test  ## strict types
	$(BIN)/mypy

check: $(BIN)/.videoguide  ## prove the campaign pack
	$(BIN)/videoguide check assegno-unico

sheet: $(BIN)/.videoguide  ## contact sheet of every scene and variant
	$(BIN)/videoguide sheet assegno-unico --output docs/contact-sheet.png

bench: $(BIN)/.videoguide-test  ## measure; writes docs/benchmarks.md
	$(BIN)/python benchmarks/guide.py
	$(BIN)/python benchmarks/portal.py
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
	rm -rf output/store output/demo output/videoguide.db* build dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(BIN)/.videoguide: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(BIN)/.videoguide-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@ $(BIN)/.videoguide
