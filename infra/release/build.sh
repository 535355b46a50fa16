#!/usr/bin/env bash
# Builds the binaries of a release: build.sh ARCH... (x86_64, arm64). The functions are linked as `make deploy` links
# them, and the command is static, so that it runs on any Linux. Results: target/dist/out/ARCH/{functions/NAME,certhooks}.
#
# Two builds of one commit have the same bytes, whatever folder and machine: no path is compiled in, and the commit
# and its time are the only inputs beside the sources, Cargo.lock and the tools.
#
# A target whose standard library cannot be installed is left out with a message; with STRICT=1 that is an error.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=target/dist/out
tools=$PWD/.tools
cargo_home=${CARGO_HOME:-$HOME/.cargo}
functions=(functions/*/)

fail() { echo "release: $*" >&2; exit 1; }

has_library() {
  [ -d "$(rustc --print target-libdir --target "$1")" ] || rustup target add "$1" >&2 2>/dev/null ||
    { [ -z "${STRICT-}" ] || fail "the standard library of $1 is missing: rustup target add $1"
      echo "release: skipped $2: the standard library of $1 is missing (rustup target add $1)" >&2; return 1; }
}

# What differs between two machines is replaced wherever the compilers write it down.
remap=("$PWD=/certhooks" "$cargo_home=/cargo" "$(rustc --print sysroot)=/rust")
export RUSTFLAGS="${remap[*]/#/--remap-path-prefix=}" CFLAGS="${remap[*]/#/-ffile-prefix-map=}"
export CARGO_TARGET_DIR=$PWD/target/dist CARGO_INCREMENTAL=0
# cargo-zigbuild finds zig as a Python package. cargo-auditable writes the list of dependencies into each binary.
export PATH="$tools/auditable/bin:$tools/venv/bin:$PATH"
variables=$(python infra/release/source.py)
eval "$variables"

for arch in "$@"; do
  case $arch in
    x86_64) machine=x86_64 ;;
    arm64) machine=aarch64 ;;
    *) fail "'$arch' is no architecture; there are x86_64 and arm64" ;;
  esac
  rm -rf "${out:?}/$arch"
  mkdir -p "$out/$arch"
  if has_library "$machine-unknown-linux-musl" "the command for $arch"; then
    # It is to be fast (`certhooks local`), and may be large.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=3 cargo auditable zigbuild --locked --release --target "$machine-unknown-linux-musl" \
      --package certhooks --features aws
    install -D "$CARGO_TARGET_DIR/$machine-unknown-linux-musl/release/certhooks" "$out/$arch/certhooks"
  fi
  if has_library "$machine-unknown-linux-gnu" "the functions for $arch"; then
    for function in "${functions[@]}"; do
      name=$(basename "$function")
      # In a command of its own each, else one would get the features that the others ask for.
      cargo auditable lambda build --locked --release --target "$machine-unknown-linux-gnu" --package "$name"
      # cargo-lambda moves it there.
      install -D "$CARGO_TARGET_DIR/lambda/$name/bootstrap" "$out/$arch/functions/$name"
    done
  fi
done
