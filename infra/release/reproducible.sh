#!/usr/bin/env bash
# Builds the commit of this folder once more in another one, and compares: reproducible.sh ARCH...
set -euo pipefail
cd "$(dirname "$0")/../.."
again=$(mktemp -d)/another/folder
trap 'rm -rf "${again%/another/folder}"' EXIT
git clone --quiet . "$again"
ln -s "$PWD/.tools" "$again/.tools"
(cd "$again" && infra/release/build.sh "$@" && .tools/venv/bin/python infra/release/package.py dist >/dev/null)
diff dist/SHA256SUMS "$again/dist/SHA256SUMS" && echo "release: the same $(wc -l <dist/SHA256SUMS) checksums in ${again}"
