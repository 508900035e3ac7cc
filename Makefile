# Two commands: `make plan` (core alone) and `make test` (everything).
# PYTHON: the interpreter for the venv. TORCH: what pip installs for torch; where PyPI's torch
# brings CUDA, use TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu".
# Installing compiles the engines, where a C compiler is, and so does a change of theirs.
PYTHON ?= python3.11
TORCH ?= torch==2.13.0
BIN := .venv/bin
BUILT_FROM := pyproject.toml hatch_build.py tools/compile_engines.py \
	$(wildcard devsim/policy/*.py devsim/simulation/*.py)
FORM := $(BIN)/python -c 'from devsim.compiled import form; print(form())'

.PHONY: plan test lint clean

plan: .venv/.core
	$(BIN)/devsim plan --device iphone15pro

test: lint
	$(BIN)/pytest

lint: .venv/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r devsim -c pyproject.toml

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.core: $(BUILT_FROM) | .venv/bin/python
	$(BIN)/pip install -q -e .
	@$(FORM)
	touch $@

.venv/.all: $(BUILT_FROM) | .venv/bin/python
	$(BIN)/pip install -q $(TORCH)
	$(BIN)/pip install -q -e '.[coreml,models,conformance,dev]'
	@$(FORM)
	touch $@ .venv/.core

clean:
	rm -rf .venv devsim/compiled.json
	find devsim -name '*.so' -delete
