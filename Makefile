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
# feature that another one asks for: the floor of the benchmark would link HTTP/2 into our functions.
release = for package in $(1); do cargo build --locked --release --package $$package; done
# Clippy, the tests and the tests of the template use the same features, so that each crate is compiled once.
TEST_FEATURES := certhooks/aws,certhooks/simulator
# cargo-lambda links with zig, against the C library of provided.al2023 rather than this machine's.
ZIG := ziglang==0.15.2

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
	cargo build -p certhooks --features simulator
	cargo run -q -p certhooks --features simulator -- local --listen 127.0.0.1:3000 --state .certhooks-demo --samples events

.PHONY: check
check: check-rust check-dependencies check-budgets check-template check-workflows ## run all static checks: format, lints, dependencies, budgets, template, workflows

.PHONY: test
test: test-rust test-template ## run all tests, including those of the template on an emulator

# --- checks --------------------------------------------------------------------------------------

# The released command has none of the features of the tests, so it is linted without them too.
.PHONY: check-rust
check-rust:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features $(TEST_FEATURES) -- -D warnings
	cargo clippy --package certhooks --all-targets -- -D warnings

# The advisories are not part of `make check`, because their database comes from the network.
.PHONY: check-dependencies
check-dependencies: $(TOOLS)
	infra/aws/checks/dependencies.sh
	$(BIN)/cargo-deny --log-level error check bans licenses sources

.PHONY: check-advisories
check-advisories: $(TOOLS) ## check the dependencies for known vulnerabilities (needs a network)
	$(BIN)/cargo-deny check advisories

.PHONY: check-budgets
check-budgets:
	infra/aws/checks/budgets.sh

# This makes a release build of every function, which takes some minutes, so `make check` leaves it out.
.PHONY: check-zips
check-zips: ## fail if the zip of a function is larger than its budget
	infra/aws/checks/budgets.sh --zips

.PHONY: check-template
check-template: $(TOOLS)
	$(BIN)/cfn-lint infra/aws/template.yaml
	$(BIN)/sam validate --lint --template-file infra/aws/template.yaml
	$(BIN)/checkov --config-file infra/aws/checkov.yaml
	# What SAM's transform makes of it is what CloudFormation gets. W1028: SAM nests a condition in itself.
	$(BIN)/python infra/release/templates.py target/template.json
	$(BIN)/cfn-lint --ignore-checks W1028 -- target/template.json

# --- tests ---------------------------------------------------------------------------------------

.PHONY: test-rust
test-rust: $(TOOLS)
	$(BIN)/cargo-nextest nextest run --workspace --features $(TEST_FEATURES) --no-fail-fast

# The features are those of test-rust, so after it nothing is compiled again. cargo-lambda would compile everything
# once more, into a folder for its own target.
.PHONY: test-template
test-template: $(TOOLS)
	cargo build --workspace --bins --tests --features $(TEST_FEATURES)
	$(BIN)/pytest -q infra/aws/tests

# These are the flags of libFuzzer's coverage, which the stable toolchain has too. No sanitizer is used.
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_SECONDS ?= 60#   duration of each fuzz target

# `--target` keeps the flags away from build scripts, and a folder of its own keeps the other builds up to date.
.PHONY: fuzz
fuzz: ## run each fuzz target under libFuzzer for FUZZ_SECONDS (60)
	RUSTFLAGS='$(FUZZ_FLAGS)' cargo build --package fuzz --bin engine --features engine --profile fuzz \
	  --target $(FUZZ_HOST) --target-dir target/fuzz
	mkdir -p target/chaos
	FUZZ_SECONDS=$(strip $(FUZZ_SECONDS)) FUZZ_ROWS=target/chaos/fuzz.json \
	  cargo run -q --package fuzz --bin fuzz -- target/fuzz/$(FUZZ_HOST)/fuzz/engine

MODEL_CHECK_FAULTS ?= 2#  maximum number of faults in one execution

.PHONY: model-check
model-check: ## check every interleaving of two workers, with up to MODEL_CHECK_FAULTS (2) crashes and lost answers
	mkdir -p target/chaos
	MODEL_CHECK_FAULTS=$(strip $(MODEL_CHECK_FAULTS)) MODEL_CHECK_ROWS=target/chaos/model-check.json \
	  cargo run -q --package model-check --bin model-check

# --- measurements --------------------------------------------------------------------------------

BENCH_ROUNDS ?= 11#            number of measurements of each figure
BENCH_EVENTS ?= 100000#        number of events through `certhooks local`
BENCH_ARGUMENTS ?=#            further options, see `target/release/bench --help`
PEERS := .tools/bench/installed

.PHONY: bench
bench: $(PEERS) ## compare the functions with peers that do the same work (needs Node.js and npm; half an hour, less with BENCH_ROUNDS=3)
	$(call release,digicert-webhook worker floor certhooks bench)
	target/release/bench --rounds $(BENCH_ROUNDS) --events $(BENCH_EVENTS) --results infra/lab/bench/results $(BENCH_ARGUMENTS)

$(PEERS): $(wildcard infra/lab/bench/peers/*.sh infra/lab/bench/peers/node/* infra/lab/bench/peers/p*/*)
	PYTHON=$(PYTHON) infra/lab/bench/peers/install.sh $(@D)

# Rows that other programs add to the table of `make chaos`; each file holds a JSON list like results.json.
CHAOS_ROWS := target/chaos/model-check.json target/chaos/fuzz.json
CHAOS_FAILED := target/chaos/failed

# When one part fails, the others still run and the table is written. certhooks is built as it is released, without
# the simulator.
.PHONY: chaos
chaos: $(TOOLS) ## run crashes, faults, load and leak checks at length (25 minutes), and write the table to infra/lab/chaos/results
	rm -f $(CHAOS_ROWS) $(CHAOS_FAILED)
	$(call release,$(FUNCTIONS) certhooks chaos)
	mkdir -p target/chaos
	$(MAKE) --keep-going model-check fuzz || touch $(CHAOS_FAILED)
	target/release/chaos --write infra/lab/chaos/results $(CHAOS_ROWS:%=--rows %)
	@test ! -e $(CHAOS_FAILED) || { echo "make: model-check or fuzz failed, see above" >&2; exit 1; }

WEBHOOKS := $(filter %-webhook,$(FUNCTIONS))
# This uses the release builds that `make check` weighs. It is not part of `make check`, because the counts depend on
# the compiler and the processor.
PERF_REGRESSION = $(call release,$(WEBHOOKS)); \
  cargo run --quiet --locked --package bench --bin perf-regression -- --baseline infra/lab/bench/baseline.json \
  $(WEBHOOKS:%=target/release/%)

.PHONY: perf-regression
perf-regression: ## fail if a webhook function needs over 5 % more instructions to start than the baseline (needs valgrind)
	$(PERF_REGRESSION)

.PHONY: perf-baseline
perf-baseline: ## write the baseline of `make perf-regression` anew, after an intended change or with another toolchain
	$(PERF_REGRESSION) --update

# --- the functions on AWS ------------------------------------------------------------------------

TARGET_arm64 := aarch64-unknown-linux-gnu
TARGET_x86_64 := x86_64-unknown-linux-gnu
TARGET := $(or $(TARGET_$(ARCH)),$(error ARCH must be arm64 or x86_64, not '$(ARCH)'))

.PHONY: build
build: $(TOOLS) .tools/zig ## build the functions as they are deployed (ARCH=arm64 or x86_64)
	@test -d "$$(rustc --print target-libdir --target $(TARGET))" || rustup target add $(TARGET) || \
	  { echo "The standard library for $(TARGET) is missing: rustup target add $(TARGET)" >&2; exit 1; }
	export PATH="$(abspath $(BIN)):$$PATH"; for function in $(FUNCTIONS); do \
	  cargo-lambda lambda build --release --target $(TARGET) --package $$function; done

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
destroy: $(TOOLS) $(SAM_ANSWERS) ## delete the stack, except its queues, ledger and archive
	@echo "These are retained, and have to be deleted by hand: the four queues with their messages, the ledger table,"
	@echo "the archive bucket, and the role with which API Gateway writes logs. Everything else is deleted, including"
	@echo "the secrets."
	$(BIN)/sam delete $(SAM_CONFIG)

# --- tools ---------------------------------------------------------------------------------------

.PHONY: tools
tools: $(TOOLS) ## install the tools of check, test and deploy into .tools/ (about 500 MB)

# The list is complete, so there is nothing to resolve. uv takes seconds; pip takes about a minute, and is used where
# uv cannot reach the index.
$(TOOLS): infra/aws/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: the tools of check, test and deploy need \
	Python 3.11 or later as $(PYTHON); set PYTHON=... to another one ('make run' needs no Python)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check "$$(grep '^uv==' $<)"
	$(BIN)/uv pip install -q --no-deps --python $(BIN)/python -r $< || $(BIN)/pip install -q --no-deps -r $<
	touch $@

.tools/zig: $(TOOLS)
	$(BIN)/uv pip install -q --python $(BIN)/python '$(ZIG)' || $(BIN)/pip install -q '$(ZIG)'
	touch $@

.PHONY: lock-tools
lock-tools: $(TOOLS) ## write infra/aws/requirements.txt anew from infra/aws/requirements.in
	UV_CUSTOM_COMPILE_COMMAND="make lock-tools" $(BIN)/uv pip compile -q --no-annotate --upgrade --no-emit-package ziglang \
	  --override infra/aws/overrides.txt infra/aws/requirements.in --output-file infra/aws/requirements.txt

include infra/release/release.mk
