# The commands of this project. People and CI use the same ones.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
ASSETS := src/joinedup/hub/static/vendor/.fetched
# Debian and Ubuntu call it chromium or chromium-browser.
CHROMIUM := $(shell command -v chromium || command -v chromium-browser)
JAVA := $(shell command -v java)
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: help install assets chromium java demo test test-slow mutate check format bench lock clean

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP) assets ## Put everything into .venv

$(STAMP): requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

assets: $(ASSETS)

$(ASSETS): tools/fetch_assets.py tools/assets.json | $(STAMP)
	$(BIN)/python tools/fetch_assets.py
	touch $@

chromium:
ifeq ($(CHROMIUM),)
	$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium
endif

# Spark's own runtime, for the linking tests.
java:
ifeq ($(JAVA),)
	$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless
endif

demo: install ## Run the whole thing on this machine: database, PDS emulator, sign-in, hub
	$(BIN)/joinedup demo $(ARGS)

test: install chromium java check ## Run every check and test
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: install chromium java ## Also the large runs
	$(BIN)/python -m pytest -m slow

mutate: install ## Spoil ledger, shields and policy a little at a time: do the tests notice?
	$(BIN)/python tools/mutate.py src/joinedup/ledger tests/ledger
	$(BIN)/python tools/mutate.py src/joinedup/policy/shield.py tests/policy/test_shield.py
	$(BIN)/python tools/mutate.py src/joinedup/policy tests/policy --skip shield.py

check: install ## Format, lint, types, architecture, secrets, known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	DATABASE_URL=postgresql:///unused $(BIN)/mypy  # it reads the settings: start no database
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/find_secrets.py
	$(BIN)/python tools/audit.py

format: install ## Put the code into its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## Measure what docs/benchmarks.md says
	$(BIN)/python benchmarks/strategies.py
	$(BIN)/python benchmarks/match_rate.py
	$(BIN)/python benchmarks/pds_emulator.py
	$(BIN)/python benchmarks/standards.py
	$(BIN)/python benchmarks/simulate.py
	$(BIN)/python benchmarks/match_memory.py
	$(BIN)/python benchmarks/together.py --children 5000
	$(BIN)/joinedup simulate -o .bench/region --children 100000 --seed 11 --no-formats
	$(BIN)/python benchmarks/linkage.py .bench/region --febrl --write
	$(BIN)/python benchmarks/online.py
	$(BIN)/python benchmarks/identities.py
	$(BIN)/python benchmarks/policy.py --write
	$(BIN)/python benchmarks/discovery.py --growth --write
	$(BIN)/python benchmarks/over_http.py --write
	$(BIN)/python benchmarks/watching.py --worlds 50 --write

lock: $(STAMP) ## Write requirements/dev.txt anew, with hashes and without any host's name
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --extra dev --python-version 3.11 pyproject.toml -o requirements/dev.txt

clean: ## Remove what was built (not your state folder)
