//! Randomness of the kernel: getrandom(2), which waits at boot until the generator is seeded.

use std::io;

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::ports::Entropy;

/// The kernel's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buf: &mut [u8]) -> io::Result<()> {
        let mut rest = buf;
        while !rest.is_empty() {
            match getrandom(&mut *rest, GetRandomFlags::empty()) {
                // A short read is possible above 256 bytes when a signal comes.
                Ok(count) => rest = rest.get_mut(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_all_of_the_buffer() {
        let mut first = [0; 4096];
        let mut second = [0; 4096];
        SystemEntropy.fill(&mut first).unwrap();
        SystemEntropy.fill(&mut second).unwrap();
        assert_ne!(first, second);
        for part in first.chunks(32) {
            assert_ne!(part, [0; 32]);
        }
        SystemEntropy.fill(&mut []).unwrap();
    }
}
