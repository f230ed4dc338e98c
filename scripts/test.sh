#!/usr/bin/env bash
# Sets up what the tests need and runs all of them: unit, property, scenario (through the built binary), example cases.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup-tests.sh
cargo test --all-targets
# The crash tests need a binary that can be ended at the k-th file-system operation.
cargo test --features fault-injection --test it crash::
