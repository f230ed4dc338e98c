//! Sealing against public vectors and an independent reader.

mod reader;
mod vectors;
