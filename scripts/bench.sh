#!/usr/bin/env bash
# bench.sh [N] [--runs R] [--jobs LIST] [--ten] [--work DIR] [--docs | --no-docs] [--remove]
#
# Measures sekisho and its peers on the same work with N residents (default 1,000,000; 20,000 for a trial of a minute),
# compares all results and registers, prints the table of goals and writes it into docs/performance.md (from N =
# 1,000,000 on, or with --docs). Data and sites stay in target/bench/N; what was not measured this time is taken from the
# run before. Fails where anybody comes to another result. `bench.sh --help` says more; scripts/bench-setup.sh
# installs the peers. $SEKISHO names another binary than the release build of this checkout, $SEKISHO_PEERS
# the folder of peers that are built already.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${SEKISHO:-}" ]; then cargo build --quiet --release; fi
if [ -z "${SEKISHO_PEERS:-}" ]; then cargo build --quiet --release --manifest-path benches/peers/Cargo.toml; fi
peers=${SEKISHO_PEERS:-$PWD/benches/peers/target/release}
built=$peers/cobol-apply
if command -v cobc >/dev/null && [ ! benches/peers/other/apply.cob -ot "$built" ]; then
  (cd benches/peers/other && cobc -x -O2 -o "$built" apply.cob)
fi
exec python3 scripts/bench/main.py "$@"
