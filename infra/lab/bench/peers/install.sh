#!/usr/bin/env bash
# install.sh TARGET: the peers as Lambda would have them unpacked, in the pinned versions, each in a folder of TARGET.
# PYTHON is taken from the environment; nothing is written beside this script.
set -euo pipefail

target=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

command -v node >/dev/null && command -v npm >/dev/null || {
  echo "install.sh: the Node.js peer needs node (20 or later) and npm on PATH" >&2
  exit 1
}

"$python" -m venv "$target/venv"
pip=("$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade --no-compile)
for peer in python powertools; do
  rm -rf "${target:?}/$peer"
  "${pip[@]}" --target "$target/$peer" --requirement "$here/python/requirements.txt"
  cp "$here/python/webhook.py" "$here/$peer/handler.py" "$target/$peer/"
done
"${pip[@]}" --target "$target/powertools" --requirement "$here/powertools/requirements.txt"
# Lambda's image has compiled what it brings; the first start would do the rest on its own time.
"$target/venv/bin/python" -m compileall -q "$target/python" "$target/powertools"

# The program itself, not a version manager's script in front of it.
mkdir -p "$target/bin"
ln -sf "$(node -p process.execPath)" "$target/bin/node"
rm -rf "$target/node" "$target/node-build"
mkdir -p "$target/node"
cp -r "$here/node" "$target/node-build"
(
  cd "$target/node-build"
  npm ci --silent --ignore-scripts --no-audit --no-fund
  node_modules/.bin/esbuild index.js --bundle --minify --platform=node --target=node20 --format=cjs \
    --main-fields=module,main --log-level=warning --outfile="$target/node/index.js"
)
touch "$target/installed"
