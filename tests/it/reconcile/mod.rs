//! Reconciliation with municipal extracts: the pure core on a register in memory.

mod cases;
mod walk;
