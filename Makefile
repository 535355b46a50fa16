# Certhooks. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# --- settings ------------------------------------------------------------------------------------

# The answers that `make deploy` is given. The file begins as a copy of infra/aws/samconfig.toml, and git ignores it.
SAM_ANSWERS := infra/aws/samconfig.local.toml
ENV ?= default#                section of samconfig.local.toml; each stack has one
SAVED_ARCH := $(shell awk '/^\[/ { ours = index($$0, "[$(ENV).deploy.") == 1 } ours' \
  $(firstword $(wildcard $(SAM_ANSWERS)) infra/aws/samconfig.toml) | \
  sed -nE 's/.*Architecture=[^a-z]*(arm64|x86_64).*/\1/p')
ARCH ?= $(or $(SAVED_ARCH),arm64)# architecture of the deployed functions: arm64 or x86_64
PYTHON ?= python3#             version 3.11 or later

FUNCTIONS := $(notdir $(wildcard functions/*))
# A program has a cargo command of its own wherever it is measured or deployed. Within one command a package gets every
# feature that another one asks for: the floor of the benchmark would link HTTP/2 into our functions. The command is to
# be fast (`certhooks local`), and may be large; so is the provider that the benchmark simulates beside it.
release = for package in $(1); do \
  case $$package in certhooks|bench) level=3 ;; *) level=s ;; esac; \
  CARGO_PROFILE_RELEASE_OPT_LEVEL=$$level cargo build --locked --release --package $$package; done
# Clippy, the tests and the tests of the template use the same features, so that each crate is compiled once.
TEST_FEATURES := certhooks/aws,certhooks/simulator

export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= eu-central-1

VENV := .tools/venv
BIN := $(VENV)/bin
TOOLS := $(VENV)/installed
SAM_CONFIG := --config-file $(abspath $(SAM_ANSWERS)) --config-env $(ENV)

# --- for everybody -------------------------------------------------------------------------------

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## run Certhooks on this machine, and send the sample events of all providers through it once
	cargo build --locked -p certhooks --features simulator
	CT_GRACE_MINUTES=0 cargo run -q --locked -p certhooks --features simulator -- local --listen 127.0.0.1:3000 --state .certhooks-demo --samples events

.PHONY: check
check: check-rust check-schema check-dependencies check-budgets check-template check-workflows check-docs check-consumers ## run all static checks: format, lints, contract, dependencies, budgets, template, workflows, handbook, consumers

.PHONY: test
test: test-rust test-template test-consumers test-page ## run all tests, including those of the template and of the consumers on an emulator, and of the page in a browser

# --- checks --------------------------------------------------------------------------------------

# The released command has none of the features of the tests, so it is linted without them too. The whole workspace is
# named each time, since of a single package the crates would have other features, and be compiled once more.
.PHONY: check-rust
check-rust:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --features $(TEST_FEATURES) -- -D warnings
	cargo clippy --locked --workspace --all-targets -- -D warnings

# Everything is generated from the types of shared/envelope, and from real deliveries of the sample events. The features
# are those of test-rust, so that nothing is compiled twice.
CONTRACT := cargo build --quiet --locked --workspace --bin contract --features $(TEST_FEATURES) && target/debug/contract

.PHONY: schema
schema: ## write the schema, the examples and the page of what consumers read, after a change of the types
	$(CONTRACT) write

# What breaks consumers of the released schema fails here, unless the version moves.
.PHONY: check-schema
check-schema: $(TOOLS)
	$(CONTRACT) check
	$(BIN)/python infra/aws/checks/schema.py

# Only for a release: what consumers have from now on is what later schemas are compared with.
.PHONY: schema-release
schema-release:
	$(CONTRACT) release

.PHONY: check-dependencies
check-dependencies: check-advisories
	infra/aws/checks/dependencies.sh
	$(BIN)/cargo-deny --log-level error --locked check bans licenses sources

LOCKS := Cargo.lock infra/consumers/rust/Cargo.lock
ADVISORIES := infra/aws/checks/advisories.toml .tools/advisories

# The copy of the advisories is fetched once for each commit that is pinned.
.PHONY: check-advisories
check-advisories: $(TOOLS)
	$(BIN)/python infra/aws/checks/advisories.py check $(ADVISORIES) $(LOCKS)

.PHONY: check-newest-advisories
check-newest-advisories: $(TOOLS) ## check the dependencies for the vulnerabilities known today, and for yanked crates (needs a network)
	for lock in $(LOCKS); do $(BIN)/cargo-deny --locked --manifest-path "$${lock%.lock}.toml" check --config deny.toml advisories; done

.PHONY: renew-advisories
renew-advisories: ## pin the newest advisories for `make check` (needs a network)
	$(PYTHON) infra/aws/checks/advisories.py renew $(ADVISORIES)

.PHONY: check-budgets
check-budgets:
	infra/aws/checks/budgets.sh

# This makes a release build of every function, which takes some minutes, so `make check` leaves it out.
.PHONY: check-zips
check-zips: ## fail if the zip of a function is larger than its budget
	infra/aws/checks/budgets.sh --zips

TEMPLATES := infra/aws/template.yaml $(wildcard infra/consumers/examples/*.yaml)

.PHONY: check-template
check-template: $(TOOLS)
	$(BIN)/cfn-lint $(TEMPLATES)
	for template in $(TEMPLATES); do $(BIN)/sam validate --lint --template-file $$template; done
	$(BIN)/checkov --config-file infra/aws/checkov.yaml
	# What SAM's transform makes of it is what CloudFormation gets. W1028: SAM nests a condition in itself.
	$(BIN)/python infra/release/templates.py target/template.json
	$(BIN)/cfn-lint --ignore-checks W1028 -- target/template.json

# The features are those of test-rust, so that nothing is compiled twice. What takes time, the console blocks and the
# help texts, belongs to `make test`.
HANDBOOK := cargo test --quiet --locked --workspace --features $(TEST_FEATURES) --test handbook --

.PHONY: check-docs
check-docs:
	$(HANDBOOK) pages:: links:: generated:: settings:: consoles::every

# Types are generated from the schema, and a consumer's own code is checked against them.
CONSUMERS := .tools/consumers
CONSUMERS_PYTHON := $(CONSUMERS)/python/installed
CONSUMERS_NODE := $(CONSUMERS)/typescript/node_modules/installed
GENERATED := Generated by `make consumer-types` from events/schema/. Do not edit.

.PHONY: consumer-types
consumer-types: $(CONSUMERS)/types ## write the types of the Python and TypeScript consumers, after a change of the schema
	cp $(CONSUMERS)/types/events.py infra/consumers/python/
	cp $(CONSUMERS)/types/events.ts infra/consumers/typescript/src/

# What Chrome knows of certificate transparency logs, for the check `ct`.
LOG_LIST := https://www.gstatic.com/ct/log_list/v3/log_list.json

.PHONY: log-list
log-list: ## write the list of certificate transparency logs anew (needs a network, curl and jq)
	curl -fsS '$(LOG_LIST)' | jq -f shared/certificate/log-list.jq >target/log_list.json
	mv target/log_list.json shared/certificate/src/log_list.json

.PHONY: check-consumers
check-consumers: $(CONSUMERS)/types $(CONSUMERS)/typescript/dist
	diff -u infra/consumers/python/events.py $(CONSUMERS)/types/events.py
	diff -u infra/consumers/typescript/src/events.ts $(CONSUMERS)/types/events.ts
	cargo fmt --check --manifest-path infra/consumers/rust/Cargo.toml
	$(BIN)/cargo-deny --log-level error --locked --manifest-path infra/consumers/rust/Cargo.toml check \
	  bans licenses sources

$(CONSUMERS)/types: infra/consumers/bundle.py $(wildcard events/schema/certificate-event*.json) $(CONSUMERS_PYTHON) $(CONSUMERS_NODE)
	mkdir -p $@
	$(BIN)/python $< >$@/schema.json
	$(CONSUMERS)/python/bin/datamodel-codegen --input $@/schema.json --input-file-type jsonschema --output $@/events.py \
	  --output-model-type typing.TypedDict --target-python-version 3.11 --formatters builtin --disable-timestamp --collapse-root-models \
	  --use-union-operator --use-standard-collections --use-schema-description --custom-file-header '# $(GENERATED)'
	$(CONSUMERS)/typescript/node_modules/.bin/json2ts --unknownAny --additionalProperties false --bannerComment '// $(GENERATED)' \
	  <$@/schema.json >$@/events.ts
	touch $@

# --- tests ---------------------------------------------------------------------------------------

.PHONY: test-rust
test-rust: $(TOOLS)
	$(BIN)/cargo-nextest nextest run --locked --workspace --features $(TEST_FEATURES) --no-fail-fast

# The features are those of test-rust, so after it nothing is compiled again. cargo-lambda would compile everything
# once more, into a folder for its own target. Two files at a time, each with an emulator of its own, since deploying a
# stack is mostly waiting.
.PHONY: test-template
test-template: $(TOOLS)
	cargo build --locked --workspace --bins --tests --features $(TEST_FEATURES)
	$(BIN)/pytest -q -n 2 --dist loadfile infra/aws/tests

# Each against the queue of the emulator, by an event source mapping as on AWS, and against `certhooks forward`.
.PHONY: test-consumers
test-consumers: $(TOOLS) $(CONSUMERS_PYTHON) $(CONSUMERS)/typescript/dist ## run the consumers of infra/consumers against an emulator and certhooks forward
	cargo build --locked --workspace --bins --tests --features $(TEST_FEATURES)
	cargo test --quiet --locked --manifest-path infra/consumers/rust/Cargo.toml --target-dir target/consumers
	cargo build --quiet --locked --manifest-path infra/consumers/rust/Cargo.toml --target-dir target/consumers
	node --test --test-reporter=dot $(CONSUMERS)/typescript/dist
	CONSUMERS=$(abspath $(CONSUMERS)) $(BIN)/pytest -q infra/consumers/tests

PAGE_MODULES := .tools/page/node_modules
# Debian's, which its package manager installs where root may; or CHROMIUM=/path/to/another.
CHROMIUM ?= /usr/bin/chromium
PICTURES ?=# folder for the pictures of the page; empty: none

.PHONY: test-page
test-page: $(TOOLS) $(PAGE_MODULES)/installed ## run the page of the command in a real browser (needs Node.js and Chromium)
	test -x "$(CHROMIUM)" || { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } >/dev/null || true
	@test -x "$(CHROMIUM)" || { \
	  echo "NOT TESTED in a browser: there is no $(CHROMIUM) (Debian: apt-get install chromium); set CHROMIUM=..., or STRICT=1 to fail here" >&2; \
	  test -z "$(STRICT)"; exit; }; \
	cargo build --locked --workspace --bins --tests --features $(TEST_FEATURES) && \
	NODE_MODULES=$(abspath $(PAGE_MODULES)) CHROMIUM=$(CHROMIUM) PICTURES=$(abspath $(PICTURES)) \
	  node --test --test-reporter=dot infra/lab/page/page.test.js && \
	NODE_MODULES=$(abspath $(PAGE_MODULES)) CHROMIUM=$(CHROMIUM) PICTURES=$(abspath $(PICTURES)) \
	  $(BIN)/pytest -q infra/aws/tests/test_page.py

# These are the flags of libFuzzer's coverage, which the stable toolchain has too. No sanitizer is used.
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_SECONDS ?= 60#   duration of each fuzz target

# `--target` keeps the flags away from build scripts, and a folder of its own keeps the other builds up to date.
.PHONY: fuzz
fuzz: ## run each fuzz target under libFuzzer for FUZZ_SECONDS (60)
	RUSTFLAGS='$(FUZZ_FLAGS)' cargo build --locked --package fuzz --bin engine --features engine --profile fuzz \
	  --target $(FUZZ_HOST) --target-dir target/fuzz
	mkdir -p target/chaos
	FUZZ_SECONDS=$(strip $(FUZZ_SECONDS)) FUZZ_ROWS=target/chaos/fuzz.json \
	  cargo run -q --locked --package fuzz --bin fuzz -- target/fuzz/$(FUZZ_HOST)/fuzz/engine

.PHONY: drills
drills: $(TOOLS) ## run the drills of the runbook against an emulator
	cargo build --locked --workspace --bins --tests --features $(TEST_FEATURES)
	mkdir -p target/chaos
	DRILL_ROWS=$(abspath target/chaos/drills.json) $(BIN)/pytest -q infra/aws/tests/test_drills.py

MODEL_CHECK_FAULTS ?= 2#  maximum number of faults in one execution

.PHONY: model-check
model-check: ## check every interleaving of two workers, with up to MODEL_CHECK_FAULTS (2) crashes and lost answers
	mkdir -p target/chaos
	MODEL_CHECK_FAULTS=$(strip $(MODEL_CHECK_FAULTS)) MODEL_CHECK_ROWS=target/chaos/model-check.json \
	  cargo run -q --locked --package model-check --bin model-check

# --- the handbook --------------------------------------------------------------------------------

SNAPSHOTS := infra/certhooks/tests/handbook/snapshots

.PHONY: docs
docs: ## write the tables of the handbook and the snapshots of help texts anew
	rm -f $(SNAPSHOTS)/certhooks*.snap
	HANDBOOK=write INSTA_UPDATE=always INSTA_FORCE_PASS=1 $(HANDBOOK) generated:: help:: consoles::every

MDBOOK := .tools/mdbook-0.5.4
BOOK := target/book

# In the book all pages are in one folder, so that the folders in links between them go.
.PHONY: book
book: $(MDBOOK)/bin/mdbook ## make a book of the handbook, in target/book/html
	rm -rf $(BOOK)
	mkdir -p $(BOOK)/src
	cp infra/docs/book.toml $(BOOK)
	cp -r infra/docs/*.md infra/docs/pictures README.md CHANGELOG.md LICENSE .github/*.md $(BOOK)/src
	sed -Ei 's#\]\((\.\./)*(infra/docs/|\.github/)?#](#g' $(BOOK)/src/*.md
	$(MDBOOK)/bin/mdbook build $(BOOK)

$(MDBOOK)/bin/mdbook:
	cargo install --quiet --locked --root $(MDBOOK) --no-default-features --features search mdbook@$(MDBOOK:.tools/mdbook-%=%)

# --- measurements --------------------------------------------------------------------------------

BENCH_ROUNDS ?= 11#            number of measurements of each figure
BENCH_EVENTS ?= 100000#        number of events through `certhooks local`
BENCH_ARGUMENTS ?=#            further options, see `target/release/bench --help`
PEERS := .tools/bench/installed

.PHONY: bench
bench: $(PEERS) ## compare the functions with peers that do the same work, and write the tables (needs Node.js and npm; half an hour, less with BENCH_ROUNDS=3)
	$(call release,digicert-webhook worker floor certhooks bench)
	target/release/bench --rounds $(BENCH_ROUNDS) --events $(BENCH_EVENTS) --results infra/lab/bench/results $(BENCH_ARGUMENTS)
	$(MAKE) docs

$(PEERS): $(wildcard infra/lab/bench/peers/*.sh infra/lab/bench/peers/node/* infra/lab/bench/peers/p*/*)
	PYTHON=$(PYTHON) infra/lab/bench/peers/install.sh $(@D)

# Rows that other programs add to the table of `make chaos`; each file holds a JSON list like results.json.
CHAOS_ROWS := target/chaos/model-check.json target/chaos/fuzz.json target/chaos/drills.json
CHAOS_FAILED := target/chaos/failed

# When one part fails, the others still run and the table is written. certhooks is built as it is released, without
# the simulator.
.PHONY: chaos
chaos: $(TOOLS) ## run crashes, faults, attacks, load and leak checks at length (35 minutes), and write the table to infra/lab/chaos/results
	rm -f $(CHAOS_ROWS) $(CHAOS_FAILED)
	$(call release,$(FUNCTIONS) certhooks chaos)
	mkdir -p target/chaos
	$(MAKE) --keep-going model-check fuzz drills || touch $(CHAOS_FAILED)
	target/release/chaos --write infra/lab/chaos/results $(CHAOS_ROWS:%=--rows %)
	$(MAKE) docs
	@test ! -e $(CHAOS_FAILED) || { echo "make: model-check, fuzz or drills failed, see above" >&2; exit 1; }

YEAR_ARGUMENTS ?=#             options such as --seed 2, see `target/release/year --help`

# In memory where that is possible: whether a commit reaches the disk is a matter of `make chaos`.
.PHONY: year
year: ## run a year of 10,000 certificates of 47 days by a clock of its own, and write the table to infra/lab/year/results (minutes)
	$(call release,certhooks year)
	mkdir -p infra/lab/year/results
	TMPDIR=$(firstword $(wildcard /dev/shm) $(TMPDIR) /tmp) target/release/year --write infra/lab/year/results/results.md $(YEAR_ARGUMENTS)
	$(MAKE) docs

WEBHOOKS := $(filter %-webhook,$(FUNCTIONS))
# This uses the release builds that `make check` weighs. It is not part of `make check`, because the counts depend on
# the compiler and the processor.
PERF_REGRESSION = $(call release,$(WEBHOOKS)); \
  cargo run --quiet --locked --package bench --bin perf-regression -- --baseline infra/lab/bench/baseline.json \
  $(WEBHOOKS:%=target/release/%)

.PHONY: perf-regression
perf-regression: ## fail if a webhook function needs over 5 % more instructions, to start or for a webhook, than the baseline (needs valgrind)
	$(PERF_REGRESSION)

.PHONY: perf-baseline
perf-baseline: ## write the baseline of `make perf-regression` anew, after an intended change or with another toolchain
	$(PERF_REGRESSION) --update

# --- the functions on AWS ------------------------------------------------------------------------

TARGET_arm64 := aarch64-unknown-linux-gnu
TARGET_x86_64 := x86_64-unknown-linux-gnu
TARGET := $(or $(TARGET_$(ARCH)),$(error ARCH must be arm64 or x86_64, not '$(ARCH)'))

# The functions' logs name the commit as those of a release do. Sources without git have none.
.PHONY: build
build: $(TOOLS) .tools/zig ## build the functions as they are deployed (ARCH=arm64 or x86_64)
	@test -d "$$(rustc --print target-libdir --target $(TARGET))" || rustup target add $(TARGET) || \
	  { echo "The standard library for $(TARGET) is missing: rustup target add $(TARGET)" >&2; exit 1; }
	test ! -e .git || eval "$$($(BIN)/python infra/release/source.py)"; \
	export PATH="$(abspath $(BIN)):$$PATH"; for function in $(FUNCTIONS); do \
	  cargo-lambda lambda build --locked --release --target $(TARGET) --package $$function; done

.PHONY: deploy
deploy: build $(SAM_ANSWERS) ## build and deploy the stack, asking for its parameters the first time (ENV=NAME for another stack)
	@test "$(ARCH)" = "$(or $(SAVED_ARCH),$(ARCH))" || { echo "'$(ENV)' is deployed for $(SAVED_ARCH), and these are \
	functions for $(ARCH); change Architecture in $(SAM_ANSWERS) first" >&2; exit 1; }
	@if grep -q '^\[$(ENV)\.deploy\.' $(SAM_ANSWERS); then \
	  $(BIN)/sam deploy --no-fail-on-empty-changeset --template-file infra/aws/template.yaml $(SAM_CONFIG); \
	else \
	  $(BIN)/sam deploy --guided --template-file infra/aws/template.yaml $(SAM_CONFIG) \
	    --stack-name $(if $(filter default,$(ENV)),certhooks,certhooks-$(ENV)) --parameter-overrides Architecture=$(ARCH); \
	fi

# Who deployed before this file was has the answers in the tracked one, so that they come along.
$(SAM_ANSWERS):
	cp infra/aws/samconfig.toml $@

.PHONY: destroy
destroy: $(TOOLS) $(SAM_ANSWERS) ## delete the stack, except its queues, ledger, archive and logs
	@echo "These are retained, and have to be deleted by hand: the four queues with their messages, the ledger table,"
	@echo "the archive bucket, the log groups, and the role with which API Gateway writes logs. Everything else is"
	@echo "deleted, including the secrets."
	$(BIN)/sam delete $(SAM_CONFIG)

# --- tools ---------------------------------------------------------------------------------------

.PHONY: tools
tools: $(TOOLS) ## install the tools of check, test and deploy into .tools/ (about 500 MB)

# Each list is complete, with hashes, so there is nothing to resolve and nothing else to install. uv takes seconds; pip
# takes about a minute, and is used where uv cannot reach the index. install PYTHON,LISTS
install = $(BIN)/uv pip install -q --no-deps --require-hashes --python $(1) $(patsubst %,-r %,$(2)) || \
  $(1) -m pip install -q --disable-pip-version-check --no-deps --require-hashes $(patsubst %,-r %,$(2))

$(TOOLS): infra/aws/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: the tools of check, test and deploy need \
	Python 3.11 or later as $(PYTHON); set PYTHON=... to another one ('make run' needs no Python)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r <(sed -n '/^uv==/,/[^\\]$$/p' $<)
	$(call install,$(BIN)/python,$<)
	touch $@

$(CONSUMERS_PYTHON): $(wildcard infra/consumers/python/requirements*.txt) $(TOOLS)
	$(PYTHON) -m venv $(@D)
	$(call install,$(@D)/bin/python,$(filter %.txt,$^))
	touch $@

$(CONSUMERS_NODE): $(wildcard infra/consumers/typescript/package*.json)
	@command -v npm >/dev/null || { echo "make: the TypeScript consumer needs Node.js 20 or later, with npm" >&2; exit 1; }
	mkdir -p $(CONSUMERS)/typescript
	cp $^ $(CONSUMERS)/typescript/
	npm ci --silent --no-audit --no-fund --prefix $(CONSUMERS)/typescript
	touch $@

$(PAGE_MODULES)/installed: $(wildcard infra/lab/page/package*.json)
	@command -v npm >/dev/null || { echo "make: test-page needs Node.js 20 or later, with npm" >&2; exit 1; }
	mkdir -p .tools/page
	cp $^ .tools/page/
	npm ci --silent --no-audit --no-fund --prefix .tools/page
	touch $@

# Beside its node_modules, so that nothing is written into the sources.
$(CONSUMERS)/typescript/dist: $(wildcard infra/consumers/typescript/tsconfig.json infra/consumers/typescript/src/*.ts) $(CONSUMERS_NODE)
	rm -rf $(CONSUMERS)/typescript/src $@
	cp -r infra/consumers/typescript/tsconfig.json infra/consumers/typescript/src $(CONSUMERS)/typescript/
	cd $(CONSUMERS)/typescript && node_modules/.bin/tsc
	touch $@

# cargo-lambda links with zig, against the C library of provided.al2023 rather than this machine's.
.tools/zig: infra/aws/requirements-zig.txt $(TOOLS)
	$(call install,$(BIN)/python,$<)
	touch $@

UPGRADE ?= --upgrade#  empty: only what the .in files changed
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock-tools" $(BIN)/uv pip compile -q --no-annotate --generate-hashes $(UPGRADE)

.PHONY: lock-tools
lock-tools: $(TOOLS) ## write the lists of the Python packages that are installed anew, from the .in files
	$(LOCK) --no-emit-package ziglang --override infra/aws/overrides.txt infra/aws/requirements.in --output-file infra/aws/requirements.txt
	for list in infra/aws/requirements-zig infra/consumers/python/requirements infra/consumers/python/requirements-types; do \
	  $(LOCK) --python-version 3.11 $$list.in --output-file $$list.txt; done
	for peer in python powertools; do $(LOCK) --no-deps --python-version 3.11 infra/lab/bench/peers/$$peer/requirements.in \
	  --output-file infra/lab/bench/peers/$$peer/requirements.txt; done

include infra/release/release.mk
