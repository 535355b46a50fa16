#!/usr/bin/env bash
# Builds what the tests of a release upgrade from and roll back from: versions.sh COMMIT. These are debug builds, since
# only what they store and send matters.
#
# - target/before: COMMIT, an older version
# - target/newer: the version of this folder, but with an envelope of version 2, of which one member has another name
# - target/installed: the command as `cargo install --git` installs it
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
export CARGO_TARGET_DIR=$root/target/versions

has() { [ "$(cat "$1/commit" 2>/dev/null)" = "$2" ]; }

# The sources of a commit in FOLDER/source.
checkout() {
  local folder=$1 commit=$2
  rm -rf "$folder"
  git clone --quiet --no-checkout . "$folder/source"
  git -C "$folder/source" checkout --quiet "$commit"
}

# The command, the functions and the template of FOLDER/source. One build compiles each dependency once, where a release
# has one for each binary.
build() {
  local folder=$root/$1 commit=$2 functions
  cd "$folder/source"
  functions=(functions/*/)
  functions=("${functions[@]%/}")
  functions=("${functions[@]#functions/}")
  cargo build --locked --package certhooks --features certhooks/aws "${functions[@]/#/--package=}"
  install -D --strip --target-directory "$folder" "$CARGO_TARGET_DIR/debug/certhooks"
  install -D --strip --target-directory "$folder/functions" "${functions[@]/#/$CARGO_TARGET_DIR/debug/}"
  cp infra/aws/template.yaml "$folder"
  cd "$root"
  echo "$commit" >"$folder/commit"
}

before=$(git rev-parse --verify "$1^{commit}")
this=$(git rev-parse HEAD)
if ! has target/before "$before"; then
  checkout target/before "$before"
  build target/before "$before"
fi
if ! has target/newer "$this"; then
  checkout target/newer "$this"
  message=target/newer/source/shared/envelope/src/cloud_event.rs
  sed -i 's/urn:certhooks:envelope:1/urn:certhooks:envelope:2/; s/^    pub secretversion:/    #[serde(rename = "keyversion")]\n&/' "$message"
  [ "$(grep -cE 'envelope:2|"keyversion"' "$message")" = 2 ]
  build target/newer "$this"
fi
if ! has target/installed "$this"; then
  cargo install --quiet --locked --debug --git "file://$root" --rev "$this" --root target/installed certhooks --features aws
  echo "$this" >target/installed/commit
fi
