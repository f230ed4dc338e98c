//! Sealing against public vectors and an independent reader.

mod vectors;
