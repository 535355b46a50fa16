# --- releases ------------------------------------------------------------------------------------

RELEASE_ARCHES ?= x86_64 arm64#  architectures of a release
AUDITABLE := .tools/auditable/bin/cargo-auditable
AUDITABLE_VERSION := 0.7.7

# The same commit gives the same bytes. STRICT=1 fails where a target's standard library is missing.
.PHONY: release
release: $(TOOLS) .tools/zig $(AUDITABLE) ## build everything that a tag publishes into dist/ (RELEASE_ARCHES="x86_64 arm64")
	infra/release/build.sh $(RELEASE_ARCHES)
	$(BIN)/python infra/release/package.py dist

# The version that upgrades begin with: the last tag, and before there is one, the last commit without releases.
RELEASE_BEFORE ?= $(or $(shell git describe --tags --abbrev=0 --match 'v*' HEAD^ 2>/dev/null),ba2d2be)

# Deploys dist/ onto the emulator, installs it into a Debian in a folder and runs its image. Only the simulated
# providers, their requests and the other versions come from the sources; the tests themselves find no cargo.
.PHONY: test-release
test-release: $(TOOLS) ## test the files of dist/ as their users get them (needs root and debootstrap)
	cargo build --locked --package simulator --bin certhooks-simulator --package harness --bin sample-request
	infra/release/versions.sh $(RELEASE_BEFORE)
	PATH="$(abspath $(BIN)):/usr/sbin:/usr/bin:/sbin:/bin" $(BIN)/pytest -q infra/release/tests

.PHONY: check-reproducible
check-reproducible: ## build dist/ once more in another folder, and compare the checksums
	infra/release/reproducible.sh $(RELEASE_ARCHES)

.PHONY: check-workflows
check-workflows: $(TOOLS) ## check the workflows and the Terraform module without a network
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/checkov --quiet --compact --skip-download --framework terraform --directory infra/terraform

$(AUDITABLE):
	cargo install --quiet --locked --root .tools/auditable cargo-auditable@$(AUDITABLE_VERSION)
