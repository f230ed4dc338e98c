//! The demonstration prefecture: its files byte by byte, and its predictions against the rules of the pipeline.

mod bytes;
mod judged;
