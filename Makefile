# Set-up, demo, tests and benchmarks. `make demo` and `make test` need nothing but Python 3.11+,
# make and a C compiler: they make the virtual environment in .venv themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help demo test lint types layers pytest test-slow test-soak bench docs screenshots clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/interlingua: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "interlingua needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

# The demo needs no test tools: it waits only for what a user installs.
$(VENV)/.dev: $(BIN)/interlingua
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(BIN)/interlingua  ## index data/ and answer a query across languages
	$(BIN)/interlingua demo

test: lint types layers pytest  ## everything that must hold before a commit

lint: $(VENV)/.dev  ## ruff, lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy, strict
	$(BIN)/mypy

layers: $(VENV)/.dev  ## imports go one way
	$(BIN)/lint-imports

# One thread a worker: two workers whose threads wait for each other on two cores crawl.
pytest: $(VENV)/.dev  ## tests with coverage, without the slow ones
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) -m "not slow" --cov --cov-report=term

test-slow: $(VENV)/.dev  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

# Readers in processes of their own, a writer that is killed now and then, every answer checked.
test-soak: $(VENV)/.dev  ## many readers and one writer for SECONDS (600)
	INTERLINGUA_SOAK_SECONDS=$(SECONDS) $(BIN)/python -m pytest -s -m slow tests/soak

bench: $(VENV)/.dev  ## measure speed and retrieval; prints the tables of docs/benchmarks.md
	$(BIN)/python -m bench.encode
	$(BIN)/python -m bench.tatoeba
	$(BIN)/python -m bench.xquad_r
	$(BIN)/python -m bench.audit
	$(BIN)/python -m bench.reproduce
	$(BIN)/python -m bench.serve --txtai none --minutes 1

docs: $(VENV)/.dev  ## write the parts of docs/ that are generated from the code
	$(BIN)/python docs/generate.py

screenshots: demo $(VENV)/.dev  ## take the pictures of docs/images/ (needs Chromium)
	$(BIN)/python docs/screenshots.py --index demo-index
	INTERLINGUA_PICTURES=demo-index $(BIN)/python -m pytest -q tests/service/test_page_pictures.py

clean:  ## remove what the targets made
	rm -rf $(VENV) build *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache demo-index
