# Each target is a thin line over pip and python; on Windows use the plain lines in the README.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check lint fix docs dist bench clean

# Installs again only when pyproject.toml changed.
$(VENV)/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

demo: $(VENV)/installed
	$(BIN)/python -m crackscope demo --output demo

test: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore=tests/integration/batch
# Each starts a Ray cluster, which takes two processors for itself.
	$(BIN)/python -m pytest tests/integration/batch

check: lint
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The documentation site into site/; a dead link or a page that no one leads to is an error. The variable keeps the
# theme from advertising another program.
docs: $(VENV)/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# Wheel and sdist into dist/; the same commit gives the same bytes.
dist: $(VENV)/installed
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir dist

# The other benchmarks, and the studies, say at their top how they are run.
PHOTOS ?= ../shared/data/metu/Positive
bench: $(VENV)/installed
	$(BIN)/python benchmarks/predict.py --photos $(PHOTOS)

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache
