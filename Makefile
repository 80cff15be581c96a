# Each target sets up what it needs in .venv: a fresh machine has only python3, pip and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench screenshots keys clean

.venv/ready: pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python $(PYTHON) .venv && uv pip install --quiet --python .venv -e '.[dev]'; \
	else \
		$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	fi
	@touch $@

demo: .venv/ready  ## open the workbench on a sandbox
	@$(BIN)/condatui demo --dir .sandbox

test: check  ## every test, the wheel included
	$(BIN)/python -m pytest

check: .venv/ready  ## style, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: .venv/ready  ## ratios against conda and du
	$(BIN)/python -m bench

screenshots: .venv/ready  ## draw the pictures of the README
	$(BIN)/python -m screenshots

clean:
	rm -rf .venv .sandbox .bench dist build
