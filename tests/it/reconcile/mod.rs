//! Reconciliation with municipal extracts: the pure core on a register in memory, its answers in both forms, its report.

mod cases;
mod causes;
mod classes;
mod engine;
mod lives;
mod pairs;
mod report;
mod tabular;
mod walk;
mod written;
