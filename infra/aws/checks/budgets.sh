#!/usr/bin/env bash
# Whether each function keeps to its budget (budgets.txt): crates are counted from `cargo tree`; with --zips the functions
# are built as they are released, each in a command of its own, and their zips are weighed too.
set -euo pipefail

budgets=infra/aws/checks/budgets.txt
functions=(functions/*/)
functions=("${functions[@]#functions/}")
functions=("${functions[@]%/}")
failed=0

# compare FUNCTION FOUND BUDGET WHAT
compare() {
  if [ "$2" -gt "$3" ]; then
    echo "$1 has $2 $4, and $budgets gives it $3: take something out, or raise it and say why" >&2
    failed=1
  fi
}

crates() {
  cargo tree --quiet --locked --edges normal --prefix none --format '{p}' --package "$1" |
    awk '{ print $1, $2 }' | sort -u | wc -l
}

# Bytes of FILE alone in a zip, which is what is deployed.
zipped() {
  python3 -c '
import io, sys, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write(sys.argv[1], "bootstrap")
print(out.tell())' "$1"
}

# The crates and bytes that FUNCTION may have.
budget() {
  local pattern figures
  while read -r pattern figures; do
    if [[ $1 == $pattern ]]; then
      echo "$figures"
      return
    fi
  done <"$budgets"
  return 1
}

if [ "${1-}" = --zips ]; then
  # In one command each would get the features that the others ask for.
  for function in "${functions[@]}"; do
    cargo build --quiet --locked --release --package "$function"
  done
fi
for function in "${functions[@]}"; do
  if ! figures=$(budget "$function"); then
    echo "$function has no budget in $budgets" >&2
    failed=1
    continue
  fi
  read -r most_crates most_bytes <<<"$figures"
  compare "$function" "$(crates "$function")" "$most_crates" "crates in its tree"
  if [ "${1-}" = --zips ]; then
    compare "$function" "$(zipped "${CARGO_TARGET_DIR:-target}/release/$function")" "$most_bytes" "bytes in its zip"
  fi
done
exit "$failed"
