//! Reports from the result types of `run`.
