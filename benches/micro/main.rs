//! Micro-benchmarks of single steps (`cargo bench --bench micro`): what one record, field, number or block costs. What a whole run
//! costs is measured by `scripts/bench.sh`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark whose input is wrong has nothing to measure"
)]

mod records;
mod store;
mod texts;

fn main() {
    divan::main();
}
