# Each target sets up what it needs in .venv: a fresh machine has only python3, pip and make.
PYTHON ?= python3
BIN := .venv/bin
ifneq ($(shell command -v uv 2>/dev/null),)
VENV := uv venv --quiet --allow-existing --python $(PYTHON) .venv
INSTALL := uv pip install --quiet --python $(BIN)/python
else
VENV := $(PYTHON) -m venv .venv
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: demo test check bench screenshots keys clean

.venv/ready: pyproject.toml
	@$(VENV)
	@$(INSTALL) -e '.[dev]'
	@touch $@

demo: .venv/ready  ## open the workbench on a sandbox
	@$(BIN)/condatui demo --dir .sandbox

test: check  ## every test, the wheel included
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

check: .venv/ready  ## style, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: .venv/ready  ## ratios against conda and du
	PYTHONPATH=tests $(BIN)/python -m bench

screenshots: .venv/ready  ## draw the pictures of the README
	@$(BIN)/python -c 'import matplotlib, resvg_py' 2>/dev/null || $(INSTALL) -e '.[screenshots]'
	$(BIN)/python -m screenshots

keys: .venv/ready  ## write the key list of the README from the action registry
	PYTHONPATH=tests $(BIN)/python -m support.key_list

clean:
	rm -rf .venv .sandbox .bench dist build
