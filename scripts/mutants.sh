#!/usr/bin/env bash
# Mutation testing (docs/testing.md): scripts/mutants.sh [SHARD]
# SHARD is k/n: every n-th mutant from the k-th on; default 0/1, all. Takes one build and then seconds for each mutant.
#
# The mutants are those of cargo-mutants (`cargo install cargo-mutants --locked`). All of them are put into one copy of the
# source, each behind a switch, so that one build serves all; scripts/mutants/src/main.rs does it. What cannot be built so
# (constants, a Default that does not exist) is left out and counted.
set -euo pipefail
cd "$(dirname "$0")/.."
shard=${1:-0/1}
work=$PWD/target/mutants
areas=(
  'src/domain/**' src/pipeline/check.rs 'src/pipeline/plan/**' 'src/pipeline/apply/**' 'src/pipeline/intake/**'
  src/run/commit.rs 'src/run/commit/**' 'src/run/pass/**' src/store/staging.rs src/store/atomic.rs
  'src/store/ledger/**' 'src/format/leaf/**' src/format/note.rs src/format/tile.rs src/format/proof.rs 'src/seal/**'
)
command -v cargo-mutants >/dev/null || cargo install cargo-mutants --version 27.1.0 --locked
rm -rf "$work/clean" "$work/state"
mkdir -p "$work/clean" "$work/state"
tar c --exclude=./target --exclude=./fuzz/target --exclude=./.git --exclude=./scripts/mutants . | tar x -C "$work/clean"
files=()
for area in "${areas[@]}"; do files+=(-f "$area"); done
(cd "$work/clean" && cargo mutants --list --json --colors never --sharding round-robin --shard "$shard" "${files[@]}") >"$work/list.json"
CARGO_TARGET_DIR=$work/tool cargo build --quiet --manifest-path scripts/mutants/Cargo.toml
export SEKISHO_MUTANT_DIR=$work/state CARGO_TARGET_DIR=$work/target CARGO_TERM_COLOR=never
python3 scripts/mutants/try.py "$work" "$PWD/scripts/mutants/mutant.rs"
