# Certhooks. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# --- settings ------------------------------------------------------------------------------------

ENV ?= default#                which section of infra/aws/samconfig.toml; one for each stack
SAVED_ARCH := $(shell awk '/^\[/ { ours = index($$0, "[$(ENV).deploy.") == 1 } ours' infra/aws/samconfig.toml | \
  sed -nE 's/.*Architecture=[^a-z]*(arm64|x86_64).*/\1/p')
ARCH ?= $(or $(SAVED_ARCH),arm64)# of the deployed functions: arm64 or x86_64
PYTHON ?= python3#             3.11 or later

FUNCTIONS := digicert-webhook cloudflare-webhook meta-ct-webhook worker reconciler
# cargo-lambda links with zig, against the C library of provided.al2023 rather than this machine's.
ZIG := ziglang==0.15.2

export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= eu-central-1

VENV := .tools/venv
BIN := $(VENV)/bin
TOOLS := $(VENV)/installed
SAM_CONFIG := --config-file $(abspath infra/aws/samconfig.toml) --config-env $(ENV)

# --- for everybody -------------------------------------------------------------------------------

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Certhooks on this machine, with the events of all providers sent through it once
	cargo build -p certhooks --features simulator
	cargo run -q -p certhooks --features simulator -- local --listen 127.0.0.1:3000 --state .certhooks --samples events

.PHONY: check
check: check-rust check-dependencies check-budgets check-template ## everything that can be said without running it

.PHONY: test
test: test-rust test-template ## all tests, the template on an emulator included

# --- checks --------------------------------------------------------------------------------------

.PHONY: check-rust
check-rust:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --package certhooks --all-targets --features aws -- -D warnings

# Advisories need the advisory database from the network, so they are not part of `make check`.
.PHONY: check-dependencies
check-dependencies: $(TOOLS)
	infra/aws/checks/dependencies.sh
	$(BIN)/cargo-deny --log-level error check bans licenses sources

.PHONY: check-advisories
check-advisories: $(TOOLS) ## known vulnerabilities in the dependencies (needs a network)
	$(BIN)/cargo-deny check advisories

# A release build of every function: some minutes where nothing is built yet.
.PHONY: check-budgets
check-budgets:
	infra/aws/checks/budgets.sh --zips

.PHONY: check-template
check-template: $(TOOLS)
	$(BIN)/cfn-lint infra/aws/template.yaml
	$(BIN)/sam validate --lint --template-file infra/aws/template.yaml
	$(BIN)/checkov --config-file infra/aws/checkov.yaml

# --- tests ---------------------------------------------------------------------------------------

.PHONY: test-rust
test-rust: $(TOOLS)
	$(BIN)/cargo-nextest nextest run --workspace --no-fail-fast

# The same units as test-rust, so after it nothing is compiled again; cargo-lambda would compile all of it once more,
# into a folder for its own target.
.PHONY: test-template
test-template: $(TOOLS)
	cargo build --workspace --bins --tests --features certhooks/aws
	$(BIN)/pytest -q infra/aws/tests

# libFuzzer's coverage, which the stable toolchain has too; no sanitizer.
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_SECONDS ?= 60#   for each target

# --target keeps the flags away from build scripts, and a folder of its own keeps the other builds.
.PHONY: fuzz
fuzz: ## the fuzz targets under libFuzzer (FUZZ_SECONDS=60 each)
	RUSTFLAGS='$(FUZZ_FLAGS)' cargo build --package fuzz --bin engine --features engine --profile fuzz \
	  --target $(FUZZ_HOST) --target-dir target/fuzz
	mkdir -p target/chaos
	FUZZ_SECONDS=$(strip $(FUZZ_SECONDS)) FUZZ_ROWS=target/chaos/fuzz.json \
	  cargo run -q --package fuzz --bin fuzz -- target/fuzz/$(FUZZ_HOST)/fuzz/engine

MODEL_CHECK_FAULTS ?= 2#  in one way at most

.PHONY: explore
explore: ## every order in which two workers can do things, with crashes and lost answers (MODEL_CHECK_FAULTS=2)
	mkdir -p target/chaos
	MODEL_CHECK_FAULTS=$(strip $(MODEL_CHECK_FAULTS)) MODEL_CHECK_ROWS=$(abspath target/chaos)/explore.json \
	  cargo test --quiet --package processing --test it -- --ignored --nocapture protocol::at_length

# --- how fast ------------------------------------------------------------------------------------

BENCH_ROUNDS ?= 11#            how often each figure is taken
BENCH_EVENTS ?= 100000#        through `certhooks local`
BENCH_ARGUMENTS ?=#            `target/release/bench --help`
PEERS := .tools/bench/installed

# As separate commands, so that what the others link does not change the functions.
.PHONY: bench
bench: $(PEERS) ## the functions beside peers that do the same work (half an hour; BENCH_ROUNDS=3 to try; Node.js, npm)
	cargo build --release --package digicert-webhook --package worker --package floor
	cargo build --release --package certhooks
	cargo build --release --package bench
	target/release/bench --rounds $(BENCH_ROUNDS) --events $(BENCH_EVENTS) --results infra/lab/bench/results $(BENCH_ARGUMENTS)

$(PEERS): $(wildcard infra/lab/bench/peers/*.sh infra/lab/bench/peers/node/* infra/lab/bench/peers/p*/*)
	PYTHON=$(PYTHON) infra/lab/bench/peers/install.sh $(@D)

# Other programs' rows of the table: each a JSON list like results.json.
CHAOS_ROWS := target/chaos/explore.json target/chaos/fuzz.json
CHAOS_FAILED := target/chaos/failed

# One part that fails does not keep the others from running, nor the table from being written.
.PHONY: torture
torture: $(TOOLS) ## crashes, faults, load and leaks at length (some 25 minutes, release builds aside); its table goes to infra/lab/chaos/results
	rm -f $(CHAOS_ROWS) $(CHAOS_FAILED)
	cargo build --release --bins $(FUNCTIONS:%=--package %) --package certhooks --package torture
	mkdir -p target/chaos
	$(MAKE) --keep-going explore fuzz || touch $(CHAOS_FAILED)
	target/release/chaos --write infra/lab/chaos/results $(CHAOS_ROWS:%=--rows %)
	@test ! -e $(CHAOS_FAILED) || { echo "make: explore or fuzz failed, see above" >&2; exit 1; }

# The same release build as `make check` weighs. Not part of it: the figures are of one compiler and one processor.
GUARD := cargo build --locked --release $(FUNCTIONS:%=--package %) && cargo run --quiet --locked --package guard -- \
  --blessed infra/lab/perf-regression/blessed.json $(patsubst %,target/release/%,$(filter %-webhook,$(FUNCTIONS)))

.PHONY: guard
guard: ## fails when a webhook function's start grew by more than 5 % in instructions (needs valgrind)
	$(GUARD)

.PHONY: bless
bless: ## the figures of `make perf-regression` afresh, after a change that is meant or with another toolchain
	$(GUARD) --bless

# --- the functions on AWS ------------------------------------------------------------------------

TARGET_arm64 := aarch64-unknown-linux-gnu
TARGET_x86_64 := x86_64-unknown-linux-gnu
TARGET := $(or $(TARGET_$(ARCH)),$(error ARCH must be arm64 or x86_64, not '$(ARCH)'))

.PHONY: build
build: $(TOOLS) .tools/zig ## the functions as they are deployed (ARCH=arm64 or x86_64)
	@test -d "$$(rustc --print target-libdir --target $(TARGET))" || rustup target add $(TARGET) || \
	  { echo "The standard library for $(TARGET) is missing: rustup target add $(TARGET)" >&2; exit 1; }
	PATH="$(abspath $(BIN)):$$PATH" cargo-lambda lambda build --release --target $(TARGET) $(FUNCTIONS:%=--package %)

.PHONY: deploy
deploy: build ## build and deploy; asks for the parameters the first time (ENV=NAME for another stack)
	@test "$(ARCH)" = "$(or $(SAVED_ARCH),$(ARCH))" || { echo "'$(ENV)' is deployed for $(SAVED_ARCH), and these are \
	functions for $(ARCH); change Architecture in infra/aws/samconfig.toml first" >&2; exit 1; }
	@if grep -q '^\[$(ENV)\.deploy\.' infra/aws/samconfig.toml; then \
	  $(BIN)/sam deploy --no-fail-on-empty-changeset --template-file infra/aws/template.yaml $(SAM_CONFIG); \
	else \
	  $(BIN)/sam deploy --guided --template-file infra/aws/template.yaml $(SAM_CONFIG) \
	    --stack-name $(if $(filter default,$(ENV)),certhooks,certhooks-$(ENV)) --parameter-overrides Architecture=$(ARCH); \
	fi

.PHONY: destroy
destroy: $(TOOLS) ## remove the stack; its queues, ledger and archive stay
	@echo "Retained, to be deleted by hand when no longer wanted: the four queues with what is on them, the"
	@echo "ledger table, the archive bucket, and the role with which API Gateway writes logs. All else goes, the"
	@echo "secrets included."
	$(BIN)/sam delete $(SAM_CONFIG)

# --- tools ---------------------------------------------------------------------------------------

.PHONY: tools
tools: $(TOOLS) ## the tools of check, test and deploy, into .tools/ (about 500 MB)

# The list is complete, so nothing is resolved; uv takes seconds, pip about a minute and serves where uv cannot
# reach the index.
$(TOOLS): infra/aws/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: the tools of check, test and deploy need \
	Python 3.11 or later as $(PYTHON), or say PYTHON=... ('make run' needs none)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check "$$(grep '^uv==' $<)"
	$(BIN)/uv pip install -q --no-deps --python $(BIN)/python -r $< || $(BIN)/pip install -q --no-deps -r $<
	touch $@

.tools/zig: $(TOOLS)
	$(BIN)/uv pip install -q --python $(BIN)/python '$(ZIG)' || $(BIN)/pip install -q '$(ZIG)'
	touch $@

.PHONY: lock-tools
lock-tools: $(TOOLS) ## infra/aws/requirements.txt afresh from infra/aws/requirements.in
	UV_CUSTOM_COMPILE_COMMAND="make lock-tools" $(BIN)/uv pip compile -q --no-annotate --upgrade --no-emit-package ziglang \
	  --override infra/aws/overrides.txt infra/aws/requirements.in --output-file infra/aws/requirements.txt
