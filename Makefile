# Two commands: `make plan` (core alone) and `make test` (everything).
# PYTHON: the interpreter for the venv. TORCH: what pip installs for torch; where PyPI's torch
# brings CUDA, use TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu".
PYTHON ?= python3.11
TORCH ?= torch==2.13.0
BIN := .venv/bin

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

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.core: pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q -e .
	touch $@

.venv/.all: pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q $(TORCH)
	$(BIN)/pip install -q -e '.[coreml,models,conformance,dev]'
	touch $@ .venv/.core

clean:
	rm -rf .venv
