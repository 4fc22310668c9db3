# The only entrance. Each target does its own set-up; `make help` lists them.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Use the machine's own interpreter; only packages are downloaded.
export UV_PYTHON_DOWNLOADS := never
export PYTHONDONTWRITEBYTECODE := 1

UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .tools/bin/uv)
PY := .venv/bin/python
CLI := .venv/bin/energy-trading
NPX := npm exec --offline --
SOLIDITY := 'contracts/**/*.sol' 'tests/solidity/**/*.sol'

NODE := anvil
NODE_anvil := --host 127.0.0.1 --port 8545
NODE_ganache := --server.host 127.0.0.1 --server.port 8545 --chain.chainId 1337 --wallet.deterministic

FORGE := @foundry-rs/forge-linux-amd64@1.7.1

DEMO := $(CLI) run --faults --homes 6 --out out/demo

.PHONY: help setup compile demo test check format bindings gas mutants power-cuts analyze bench agent chaos-agent docs node licences sbom wheel chaos clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r target text; do printf '  make %-11s %s\n' "$$target" "$$text"; done

setup: compile ## make the environment, install npm packages, compile the contracts

demo: setup ## trade a day of six homes on a chain in this process, into out/demo
	$(DEMO)

test: setup ## run every test
	$(PY) -m pytest -n auto --dist loadfile

check: setup ## check style, types, lint, compiler warnings, snapshots
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(NPX) prettier --check $(SOLIDITY)
	$(NPX) solhint --disc --noPoster --max-warnings 0 $(SOLIDITY)
	$(PY) -m energy_trading.chain.compile --check
	$(PY) scripts/generate_bindings.py --check
	$(PY) scripts/generate_vectors.py --check
	$(PY) scripts/benchmark.py --check

format: setup ## format Python and Solidity in the house style
	$(PY) -m ruff check --fix --quiet
	$(PY) -m ruff format --quiet
	$(NPX) prettier --write --log-level warn $(SOLIDITY)

bindings: setup ## generate energy_trading/bindings and types from the contracts, and tests/vectors from those
	$(PY) scripts/generate_bindings.py
	$(PY) scripts/generate_vectors.py

gas: setup ## measure gas, write snapshots and docs/gas.md (takes about two minutes)
	$(PY) -m energy_trading.chain.compile --snapshot
	$(PY) scripts/benchmark.py

chaos: setup ## kill any two of seven verifiers every few seconds for five minutes (CHAOS_SECONDS=60: one)
	$(PY) -m tests.chaos

mutants: setup ## plant each known bug and check that a test catches it
	$(PY) tests/mutants/run.py

power-cuts: setup ## cut a meter gateway's power at every write, in every way (minutes)
	ENERGY_TRADING_ALL_CUTS=1 $(PY) -m pytest -q tests/client/gateway/test_gateway_crash.py

analyze: setup .cache/analysis.stamp ## run Slither, call graph, random calls, proofs (FULL=1: also long ones)
	FULL=$(FULL) $(PY) scripts/analyze.py

bench: setup ## reproduce the papers' figures into out/bench, measure gas, clearing and speed
	$(CLI) reproduce all --out out/bench
	$(CLI) bench gas --out out/bench/gas
	$(CLI) bench clearing
	$(CLI) bench speed

agent: setup ## run the market agent with Anvil, the contracts and twelve homes, on http://127.0.0.1:8080
	$(CLI) agent demo

chaos-agent: setup ## kill the market agent, its chain and its database 100 times, for three seeds each
	PYTHONPATH=. $(PY) tests/chaos_agent.py 100 60 3

docs: setup ## build the site into site/; a warning is an error
	UV_PROJECT_ENVIRONMENT=.cache/docs/venv $(UV) sync --locked --only-group docs --quiet
	.cache/docs/venv/bin/python scripts/build_docs.py

node: setup ## run a test node on http://127.0.0.1:8545 (NODE=anvil or NODE=ganache)
	@test -n '$(NODE_$(NODE))' || { echo "NODE must be anvil or ganache, not $(NODE)" >&2; exit 1; }
	@test -x node_modules/.bin/$(NODE) || { echo "$(NODE) is not installed in node_modules; it is optional and may not exist for this system" >&2; exit 1; }
	node_modules/.bin/$(NODE) $(NODE_$(NODE))

licences: setup .cache/release.stamp ## check the licences of all Python and npm packages
	$(PY) scripts/licences.py

sbom: setup .cache/release.stamp ## write what the packages consist of (CycloneDX), into dist/
	@mkdir -p dist
	.cache/release/venv/bin/cyclonedx-py environment $(PY) --pyproject pyproject.toml --mc-type library \
	  --output-reproducible -o dist/sbom-python.json
	npm sbom --sbom-format cyclonedx --package-lock-only >dist/sbom-npm.json

wheel: setup ## build the wheel with the compiled contracts, into dist/
	$(UV) build --wheel --out-dir dist

clean: ## remove everything that make can restore
	rm -rf .cache .venv .tools node_modules dist build out site energy_trading/artifacts
	rm -rf .hypothesis .mypy_cache .ruff_cache

# Stamps: if the file is newer than its sources, there is nothing to do.
compile: .cache/python.stamp .cache/node.stamp
	@$(PY) -m energy_trading.chain.compile

.tools/bin/uv:
	@echo "installing uv ..."
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv

.cache/python.stamp: pyproject.toml uv.lock | $(filter .tools/%,$(UV))
	@echo "installing Python packages (about 20 s the first time) ..."
	$(UV) sync --locked --all-extras --quiet
	@mkdir -p $(@D) && touch $@

.cache/release.stamp: pyproject.toml uv.lock | $(filter .tools/%,$(UV))
	UV_PROJECT_ENVIRONMENT=.cache/release/venv $(UV) sync --locked --only-group release --quiet
	@touch $@

.cache/node.stamp: package.json package-lock.json
	@echo "installing npm packages (about 10 s the first time) ..."
	npm ci --no-progress --no-fund --no-audit --loglevel=error
	@mkdir -p $(@D) && touch $@

.cache/analysis.stamp: tests/analysis/requirements.txt | .cache/python.stamp
	@test "$$(uname -sm)" = 'Linux x86_64' || { echo "make analyze needs Linux x86_64, for which forge has a package; this is $$(uname -sm)" >&2; exit 1; }
	@echo "installing Slither, halmos and forge (about 20 s the first time) ..."
	$(UV) venv --quiet --clear --python .venv/bin/python .cache/analysis/venv
	$(UV) pip install --quiet --python .cache/analysis/venv --requirements tests/analysis/requirements.txt
	npm install --no-save --no-progress --no-fund --no-audit --loglevel=error --prefix .cache/analysis/forge $(FORGE)
	@touch $@
