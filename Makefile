# Every verb makes the environment that it needs: Python >= 3.11 with venv, and make, are enough.
PYTHON ?= python3
BIN := .venv/bin
export OMP_WAIT_POLICY ?= passive
.DEFAULT_GOAL := help
.PHONY: help run test lint bench docs lock clean

help: ## list the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

.venv/run.stamp: requirements/build.lock requirements/run.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Rueda needs Python >= 3.11, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	touch $@

run: .venv/run.stamp ## live through 2013 with the flights example
	@$(BIN)/python examples/flights/year.py

test: .venv/dev.stamp ## run the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: .venv/dev.stamp ## format check, lint, types, layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files '*.py' '*.md' '*.sql' '*.toml' '*.yaml' Makefile .ci | xargs $(BIN)/codespell

bench: .venv/dev.stamp ## measure speed and memory, beside the peers that are installed
	@for file in bench/*.py; do $(BIN)/python $$file; done

docs: .venv/run.stamp ## write the reference from the docstrings
	$(BIN)/python docs/reference.py

RESOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate

lock: .venv/dev.stamp ## resolve the lock files anew
	$(RESOLVE) --upgrade requirements/build.in -o requirements/build.lock
	$(RESOLVE) --upgrade pyproject.toml --extra search --extra pictures --extra fast --extra flights -o requirements/run.lock
	$(RESOLVE) --upgrade pyproject.toml requirements/dev.in --all-extras -c requirements/run.lock -o requirements/dev.lock
	$(RESOLVE) --upgrade requirements/clients.in -o requirements/clients.lock

clean: ## remove the environment and everything generated
	rm -rf .venv .rueda examples/flights/.rueda examples/flights/arrivals .mypy_cache .ruff_cache .pytest_cache
