#!/usr/bin/env bash
# What each part may depend on, read from `cargo tree`. cargo-deny (deny.toml) bans crates from the whole tree;
# this says which crates must not reach which part.
set -euo pipefail

failed=0

# The names of all crates that PACKAGE compiles in; further arguments go to cargo tree.
crates() {
  local package=$1
  shift
  cargo tree --quiet --locked --edges normal --prefix none --format '{p}' --package "$package" "$@" |
    awk '{ print $1 }' | sort -u
}

# forbid PACKAGE PATTERN REASON [CARGO-TREE-ARGUMENT...]
forbid() {
  local package=$1 pattern=$2 reason=$3 names found
  shift 3
  names=$(crates "$package" "$@")
  if found=$(grep -Ex "$pattern" <<<"$names"); then
    echo "$package depends on ${found//$'\n'/, }: $reason" >&2
    failed=1
  fi
}

impure='tokio|async-std|aws-.*|lambda.*|reqwest|ureq|hyper.*|axum|rusqlite'
for package in envelope providers certificate; do
  forbid "$package" "$impure" "it is pure, bytes in and bytes out" --all-features
done

forbid certhooks 'aws-.*|lambda.*' "'make run' must not compile the AWS SDK; keep it behind the feature 'aws'"

for engine in intake processing reconciliation; do
  forbid "$engine" 'aws-.*|lambda.*|rusqlite' "it knows ports, and not what is behind them"
done

for function in functions/*-webhook; do
  function=${function##*/}
  forbid "$function" 'aws-sdk-(dynamodb|s3)|processing|reqwest|x509-parser' \
    "a webhook function reads one secret and sends to one queue; nothing else is linked into it"
  forbid "$function" 'h2' "all calls are HTTP/1.1, so HTTP/2 is only size"
done

exit "$failed"
