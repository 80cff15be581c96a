# Each target sets up what it needs in .venv, from the lock: a fresh machine has only python3, pip and make.
PYTHON ?= python3
OLDEST_PYTHON ?= 3.10
BIN := .venv/bin
ifneq ($(shell command -v uv 2>/dev/null),)
VENV := uv venv --quiet --allow-existing --python $(PYTHON) .venv
INSTALL := uv pip install --quiet --python $(BIN)/python
else
VENV := $(PYTHON) -m venv .venv
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif
# In the order of the files: the slow ones, which have a conda at work, come before the many quick ones of the screens.
PYTEST := -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test test-thorough check mypy pyright coverage test-lowest test-newest lock upgrade hooks dev profile cold-start bench screenshots keys docs dist clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/ready: requirements/dev.txt pyproject.toml
	@echo 'Installing condatui and its tools into .venv, which takes a minute.' >&2
	@$(VENV)
	@$(INSTALL) --no-deps --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/ready  ## the workbench on a sandbox with a real conda
	@$(BIN)/condatui demo --dir .sandbox

test: check  ## everything that must pass: the checks, the tests, the built wheel in a clean environment
	$(BIN)/python $(PYTEST)

test-thorough: .venv/ready  ## the tests, and each sweep at all of its points in place of a few, which takes far longer
	$(BIN)/python $(PYTEST) --thorough

check: .venv/ready  ## style, types and import contracts only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs=2 mypy pyright

mypy pyright: .venv/ready
	$(BIN)/$@

coverage: .venv/ready  ## the tests, and the lines that none of them reaches
	$(BIN)/python $(PYTEST) --cov --cov-report=term-missing:skip-covered

test-lowest: .venv/ready  ## the tests on the oldest Python, with the oldest dependencies that pyproject.toml allows
	$(BIN)/uv venv --quiet --allow-existing --python $(OLDEST_PYTHON) .venv-lowest
	$(BIN)/python tools/locks.py --lowest .venv-lowest/requirements.txt
	$(BIN)/uv pip sync --quiet --python .venv-lowest --require-hashes .venv-lowest/requirements.txt
	$(BIN)/uv pip install --quiet --python .venv-lowest --no-deps --no-build-isolation -e .
	.venv-lowest/bin/python $(PYTEST) -o cache_dir=.venv-lowest/pytest_cache

test-newest: .venv/ready  ## the tests without the lock: the newest release of everything
	$(BIN)/uv venv --quiet --allow-existing --python $(PYTHON) .venv-newest
	$(BIN)/uv pip install --quiet --python .venv-newest --upgrade -e '.[dev]'
	.venv-newest/bin/python $(PYTEST) -o cache_dir=.venv-newest/pytest_cache

lock: .venv/ready  ## bring requirements/*.txt up to date with pyproject.toml and change nothing else in them
	$(BIN)/python tools/locks.py

upgrade: .venv/ready  ## move requirements/*.txt to the newest release of everything
	$(BIN)/python tools/locks.py --upgrade

hooks: .venv/ready  ## let git run the checks before each commit and push
	$(BIN)/pre-commit install

dev: .venv/ready  ## Textual's console: shows what the workbench logs while it runs in a second terminal
	@echo 'In a second terminal run:  make demo TEXTUAL=devtools,debug'
	@$(BIN)/textual console

profile: .venv/ready  ## where the time goes from the start of the process to the first picture
	@$(BIN)/python tools/profile_start.py

cold-start: .venv/ready  ## what each start imports, in milliseconds and modules
	@$(BIN)/python tools/cold_start.py

bench: .venv/ready  ## ratios against what you would run otherwise
	PYTHONPATH=tests $(BIN)/python -m bench

.venv/screenshots: requirements/screenshots.txt .venv/ready
	@echo 'Installing what draws the pictures into .venv.' >&2
	@$(INSTALL) --no-deps --require-hashes -r requirements/screenshots.txt
	@touch $@

screenshots: .venv/screenshots  ## the pictures of the README, drawn from a sandbox that takes 8 GB of the disk meanwhile
	PYTHONPATH=tests $(BIN)/python -m screenshots

keys: .venv/ready  ## docs/keys.md, written from the action registry
	PYTHONPATH=tests $(BIN)/python -m support.key_list

docs: .venv/ready  ## the generated pages in docs/: layers, settings, JSON and the manual page, written from the code
	$(BIN)/python tools/generated_docs.py
	$(BIN)/python tools/json_reference.py
	$(BIN)/python tools/man_page.py

dist: .venv/ready  ## wheel and sdist in dist/; the wheel is tried in an environment of its own
	rm -rf dist .venv-dist
	$(BIN)/hatchling build
	$(BIN)/uv venv --quiet --python $(BIN)/python .venv-dist
	$(BIN)/uv pip install --quiet --python .venv-dist "condatui[demo] @ $$(ls dist/*.whl)"
	.venv-dist/bin/condatui demo --list --dir .venv-dist/sandbox

clean:  ## remove what the targets above made, pictures and locks excepted
	rm -rf .venv .venv-* .sandbox .bench .profile .coverage dist build
