# Everything here needs only Python 3.11 or 3.12 with venv, and make. `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
MONTH := 2026-10
# A name of your own: make export OPERATOR="山形 太郎"
OPERATOR ?= 見本 太郎

# Prefect phones home unless told not to, and keeps its files under the home folder unless given another.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: help export test format sample bench clean

help:
	@echo "make export  set up everything and run the monthly export on data/sample"
	@echo "make test    set up everything and run every check"
	@echo "make format  put the code into the project's format"
	@echo "make sample  write data/sample anew (the same bytes)"
	@echo "make bench   measure the export beside its peers, and draw the chart"
	@echo "make clean   remove the environment and what runs left in data/sample"

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/checks: .venv/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

.venv/bench: .venv/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@

export: .venv/ready
	$(BIN)/joint-use export --shop data/sample --month $(MONTH) --operator "$(OPERATOR)" --reason "見本の納品"

test: .venv/checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

format: .venv/checks
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

sample: .venv/ready
	$(BIN)/python -m data.make_sample data/sample

bench: .venv/bench
	$(BIN)/python -m bench
	$(BIN)/python -m bench.recall

clean:
	rm -rf .venv data/sample/state data/sample/state.head.json data/sample/drops bench/work
