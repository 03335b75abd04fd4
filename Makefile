# Two commands do everything: `make run` and `make test`. Both install what they need into this folder.
# Needs Python 3.11, git and make.

PYTHON ?= python3.11
UV := .uv/bin/uv
BIN := .venv/bin
HOME_FOLDER := $(or $(SIGAP_HOME),.sigap)
SHELL := /bin/bash
export RASA_TELEMETRY_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help install run train test check docs lock bench-replay bench-start bench-chaos bench-webhooks bench-triage bench-nlu bench-turns fuzz clean

help: ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: .venv/.installed ## install everything into .venv (uv itself into .uv)

# A Python 3.11 under whatever name this machine has it.
.uv/bin/uv:
	@py=$$(command -v $(PYTHON) || command -v python3); \
	"$$py" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Sigap needs Python 3.11 (Rasa does). Install it, or name it: make PYTHON=/path/to/python3.11"; exit 2; }; \
	"$$py" -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"

.venv/.installed: requirements/dev.txt pyproject.toml | .uv/bin/uv
	@test -x $(BIN)/python || $(UV) venv --quiet --python .uv/bin/python .venv
	@echo "installing (a few minutes the first time) …"
	@$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: install ## train if needed, start everything with demo data, print the addresses
	@$(BIN)/sigap train --if-needed
	@SIGAP_DEMO=$${SIGAP_DEMO:-1} exec $(BIN)/sigap up

train: install ## train the assistant
	@$(BIN)/sigap train

test: install ## run every test: the designers' conversations, then everything else
	@$(BIN)/sigap train --if-needed
	@$(BIN)/python -W ignore -m rasa test core --e2e --stories tests/assistant --model $(HOME_FOLDER)/models/assistant.tar.gz \
	  --out $(HOME_FOLDER)/results --no-plot --fail-on-prediction-errors 2>&1 | grep -E "Correct|Failed|Error|conversation" ; \
	  test $${PIPESTATUS[0]} -eq 0
	@$(BIN)/python -m pytest

check: install ## ruff, mypy, import-linter, docs/channels.md, rasa data validate, data lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m channels.describe --check
	$(BIN)/python -W ignore -m rasa data validate --data data/nlu data/rules data/stories --fail-on-warnings
	$(BIN)/sigap lint
	$(BIN)/sigap triage lint

docs: install ## write docs/channels.md anew, from what the channels declare
	$(BIN)/python -m channels.describe > docs/.channels.md && mv docs/.channels.md docs/channels.md

bench-replay: install ## replay recorded conversations, with and without kills: make bench-replay DATA=file.jsonl
	@$(BIN)/python -m benchmarks.replay $(DATA) $(OPTIONS)

bench-start: install ## how quickly everything starts and what it weighs
	@$(BIN)/python -m benchmarks.start

bench-chaos: install ## 2,000 conversations while every platform misbehaves: make bench-chaos [DATA=file.jsonl] [OPTIONS=…]
	@$(BIN)/python -W ignore -m benchmarks.chaos $(DATA) $(OPTIONS)

bench-triage: install ## what triage keeps from the bot on public data: make bench-triage DATA=folder
	@$(BIN)/python -W ignore -m benchmarks.triage $(DATA)

bench-nlu: install ## the intent classifier on public data: make bench-nlu DATA=folder [OPTIONS="--with-encoder --with-diet"]
	@$(BIN)/python -W ignore -m benchmarks.nlu $(DATA) $(OPTIONS)

bench-assistant: install ## what the assistant does with public conversations: make bench-assistant DATA=folder [OPTIONS="--read 50"]
	@$(BIN)/sigap train --if-needed
	@$(BIN)/python -W ignore -m benchmarks.assistant $(DATA) $(OPTIONS)

bench-turns: install ## turns a second, beside stock Rasa in the same run: make bench-turns [OPTIONS=--with-diet]
	@$(BIN)/sigap train --if-needed
	@$(BIN)/python -W ignore -m benchmarks.turns $(OPTIONS)

bench-webhooks: install ## the same webhooks to a stock Rasa server and to Sigap, then the gateway under load
	@$(BIN)/python -W ignore -m benchmarks.webhooks

fuzz: install ## more than 10,000 made-up bodies for every channel's parser: 3,400 each of any bytes, any JSON, damaged requests
	@SIGAP_FUZZ_EXAMPLES=3400 $(BIN)/python -m pytest tests/channels -k payload_error_only --timeout 3600

lock: .uv/bin/uv ## resolve again and export the requirements with their hashes
	$(UV) lock --python .uv/bin/python --upgrade
	$(UV) export --quiet --frozen --no-emit-project --format requirements-txt --no-header --no-dev -o requirements/gateway.txt
	$(UV) export --quiet --frozen --no-emit-project --format requirements-txt --no-header --no-dev --extra worker -o requirements/run.txt
	$(UV) export --quiet --frozen --no-emit-project --format requirements-txt --no-header --extra worker --extra encoder -o requirements/dev.txt

clean: ## remove what was installed and built; data in .sigap stays
	rm -rf .venv .uv .rasa .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
