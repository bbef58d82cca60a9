# Two goals for users, `demo` and `test`, each with all of its own set-up; `check` is everything CI does.
.DEFAULT_GOAL := help
.PHONY: help demo test check lint types wheel bench clean
SHELL := bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## show this help
	@echo "framefan: the newest frame of a camera, on any machine"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

demo: $(VENV)/demo ## two cameras, a producer and consumers on this machine, to look at
	@$(BIN)/framefan demo $(ARGS)

# Four files of tests at a time: most of their time they wait for real processes.
SIDE_BY_SIDE := --numprocesses 4 --dist loadfile

# Real processes on a small machine: what fails beside others is run once more, alone, and both runs are shown.
ALONE := --last-failed --last-failed-no-failures none

test: $(VENV)/dev ## run the tests
	$(BIN)/pytest $(SIDE_BY_SIDE) $(ARGS) || $(BIN)/pytest $(ALONE) $(ARGS)

check: lint types test wheel ## everything that CI does

# What the wheel has to show: that all is in it, and that every command and process starts without the source at hand.
WHEEL := test_packaging.py common consumer/film producer/test_produce.py producer/test_publisher.py \
  $(patsubst %,consumer/test_%.py,analyze demo display list memory private_producer sample subscriber video_capture)

lint: $(VENV)/dev ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev ## check types, with mypy and pyright
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

wheel: $(VENV)/dev ## test the wheel, installed without the source at hand, and with each extra alone
	rm -rf dist build $(VENV)/wheel && $(BIN)/python -m build --quiet
	$(BIN)/pytest -q --numprocesses 2 tests/extras.py
	$(PYTHON) -m venv $(VENV)/wheel
	$(BIN)/pip --python $(VENV)/wheel/bin/python install --quiet "$$(ls dist/*.whl)[$$(cat $(VENV)/extra),remote]" --group test
	temporary=$$(mktemp -d) && trap 'rm -rf $$temporary' EXIT && cp -r tests pyproject.toml $$temporary \
	  && wheel=$$PWD/$(VENV)/wheel/bin && cd $$temporary && set -- $(addprefix tests/,$(WHEEL)) \
	  && { $$wheel/pytest -q $(SIDE_BY_SIDE) "$$@" || $$wheel/pytest -q $(ALONE) "$$@"; }

bench: $(VENV)/dev ## measure us and the peers side by side (minutes)
	$(BIN)/python -m tests.benchmarks

clean: ## remove everything that was built
	rm -rf $(VENV) build dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .coverage*
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name '*.egg-info' -prune -exec rm -rf {} +

# One environment; the stamps remember what is installed in it.
# Which OpenCV is decided once, here: the two overwrite each other, and only the headless one loads on a bare machine.
$(VENV)/extra:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here: install the packages python3 and python3-venv"; exit 1; }
	@extra=$$($(PYTHON) -I bootstrap.py) && { [ ! -e $(VENV)/demo ] || rm -rf $(VENV); } && $(PYTHON) -m venv $(VENV) && echo "$$extra" > $@

$(VENV)/demo: pyproject.toml $(VENV)/extra
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[$$(cat $(VENV)/extra)]"
	@touch $@

$(VENV)/dev: $(VENV)/demo
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --group dev
	@touch $@
