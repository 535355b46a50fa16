#!/usr/bin/env bash
# Builds an older version, which the tests of a release upgrade from: before.sh COMMIT. Result: target/before/{certhooks,
# functions/NAME,template.yaml}. These are debug builds, since only what they store and send matters.
set -euo pipefail
cd "$(dirname "$0")/../.."
commit=$(git rev-parse --verify "$1^{commit}")
before=$PWD/target/before
[ "$(cat "$before/commit" 2>/dev/null)" != "$commit" ] || exit 0
rm -rf "$before/source" "$before/functions" "$before/commit"
git clone --quiet --no-checkout . "$before/source"
git -C "$before/source" checkout --quiet "$commit"
cd "$before/source"
export CARGO_TARGET_DIR=$before/build
cargo build --locked --package certhooks --features aws
install -D --strip --target-directory "$before" "$CARGO_TARGET_DIR/debug/certhooks"
for function in functions/*/; do
  name=$(basename "$function")
  cargo build --locked --package "$name"
  install -D --strip --target-directory "$before/functions" "$CARGO_TARGET_DIR/debug/$name"
done
cp infra/aws/template.yaml "$before"
echo "$commit" >"$before/commit"
