# The two commands that a newcomer needs: `make run` and `make test`. Both set up .venv first; a second call installs nothing.

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
WORKDIR ?= data
VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run test bench up down clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP)  ## the virtual environment with the pinned set

$(STAMP): constraints.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
	  { echo "Python: expected version 3.11, found $$("$(PYTHON)" --version 2>&1); name it with make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing the pinned set into $(VENV): about 3 minutes, 3 GB, once"
	@"$(PYTHON)" -m venv $(VENV) || { echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@# torch by its exact version and alone: a range would let pip look at builds that bring gigabytes of GPU libraries
	@echo "1 of 2: torch"
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt setuptools "$$(grep '^torch==' constraints.txt)"
	@echo "2 of 2: everything else"
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

run: $(STAMP)  ## the whole pipeline: SOURCE=folder or s3:// (default: a simulated hospital) WORKDIR=data NAME=name
	$(BIN)/chiron run --workdir "$(WORKDIR)" $(if $(SOURCE),--source "$(SOURCE)") $(if $(NAME),--name "$(NAME)")

test: $(STAMP)  ## lint, types, import contracts, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

bench: $(STAMP)  ## the list of benchmarks, or one: NAME=name
	@$(BIN)/python -m benchmarks $(NAME)

up: $(STAMP)  ## Prefect server and worker, Dask, MLflow on loopback, with the nightly schedule: WORKDIR=data
	@$(BIN)/chiron up --workdir "$(WORKDIR)"

down: $(STAMP)  ## stop what `make up` started: WORKDIR=data
	@$(BIN)/chiron down --workdir "$(WORKDIR)"

clean:  ## remove the virtual environment and all caches; data stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
