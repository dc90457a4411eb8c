# Needs make and Python 3.11 or newer, nothing else: everything is installed into .venv from the lock files.

PYTHON ?= python3
PORT ?= 8080
PYTEST_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
CODE := adapter bench canonical dialects tests setup.py
LOCK := pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore
# Compiled modules are kept, whatever the environment says: without them each of the tests' servers compiles all anew.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test exhaustive check attack lint dialect coverage bench fmt lock wheel clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

serve: $(RUNTIME) ## serve a small demo world on http://127.0.0.1:$PORT, 8080 unless told otherwise
	$(BIN)/crmglot demo --database-if-missing
	exec $(BIN)/crmglot serve --host 127.0.0.1 --port $(PORT)

test: lint ## run everything, the PostgreSQL tests too; of the largest products a sample
	$(BIN)/pytest -n auto -m "not exhaustive" $(PYTEST_ARGS)

exhaustive: lint ## all that, and the whole of what make test takes samples of
	$(BIN)/pytest -n auto $(PYTEST_ARGS)

check: lint ## format, lint, types, import contracts and the fast tests, in under a minute
	$(BIN)/pytest -n auto -m "not slow and not exhaustive" $(PYTEST_ARGS)

attack: $(DEV) ## floods and bombs against running servers; docs/security.md tells what they showed
	$(BIN)/pytest -s tests/attack $(PYTEST_ARGS)

lint: $(DEV) ## format, lint, types and import contracts only
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

dialect: $(DEV) ## make the rooms of a new dialect: make dialect name=x
	$(BIN)/python -m tests.support.scaffold "$(name)"

coverage: $(DEV) ## write docs/coverage.md: what is served, asked and recorded
	$(BIN)/python -m tests.support.coverage

bench: $(DEV) ## CPU time per request against the floor and the obvious app
	$(BIN)/python -m bench

fmt: $(DEV) ## write the house format
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

lock: $(DEV) ## pin anew what setup.cfg allows
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/$(LOCK) --upgrade --output-file requirements.lock setup.cfg
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/$(LOCK) --upgrade --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock setup.cfg

wheel: $(DEV) ## build the wheel into dist/
	$(BIN)/python -m build --wheel --outdir dist .

clean: ## remove what make made, the demo database too
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f crmglot.db crmglot.db-* crmglot.db.* *.queue *.queue-* *.queue.* .coverage .coverage.*
	find adapter bench canonical dialects tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "crmglot needs Python 3.11 or newer; '$(PYTHON)' is not: try make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments: on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml setup.cfg setup.py | $(BIN)/python
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@
