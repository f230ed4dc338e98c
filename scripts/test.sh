#!/usr/bin/env bash
# Sets up what the tests need and runs all of them: unit, property, scenario (through the built binary), example cases.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup-tests.sh
cargo test --all-targets
# 10,000 random histories against the reference model; the line above plays 1,000 of them.
SEKISHO_SOAK=10000 cargo test --test it model::the_program
# These need a binary that can be ended at the k-th file-system operation.
cargo test --features fault-injection --test it -- crash:: leak::process
