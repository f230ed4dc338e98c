//! Chance that repeats: everything in the demonstration follows from the seed.

/// A small generator (SplitMix64) that is cheap to make anew for every person.
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Draw {
    /// The generator of one thing: `room` keeps the kinds of thing apart, `id` the things of one kind.
    pub(super) fn of(seed: u64, room: u64, id: u64) -> Self {
        Self(mix(mix(seed ^ mix(room.wrapping_add(0x9E37_79B9_7F4A_7C15))) ^ id))
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `count`; 0 where `count` is 0.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        u32::try_from(((self.bits() >> 32) * u64::from(count)) >> 32).unwrap_or(0)
    }

    /// A number from `from` to `to`, both included; `from` where the range is empty.
    pub(super) fn between(&mut self, from: i32, to: i32) -> i32 {
        let span = u32::try_from(i64::from(to) - i64::from(from) + 1).unwrap_or(1);
        from.saturating_add(i32::try_from(self.below(span)).unwrap_or(0))
    }

    /// True in `part` of `whole` cases.
    pub(super) fn chance(&mut self, part: u32, whole: u32) -> bool {
        self.below(whole) < part
    }

    /// One of the things; `None` where there are none.
    pub(super) fn one<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        things.get(self.below(u32::try_from(things.len()).unwrap_or(u32::MAX)) as usize)
    }

    /// Mixes the order (Fisher-Yates).
    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = self.below(u32::try_from(last + 1).unwrap_or(u32::MAX)) as usize;
            things.swap(last, other);
        }
    }
}

/// A one-to-one map of 0..`size` onto itself, so that counters become numbers that look like drawn ones and never meet
/// twice. A Feistel network walked until it falls into the range.
#[derive(Debug, Clone)]
pub(super) struct Permutation {
    keys: [u64; 4],
    half_bits: u32,
    size: u64,
}

impl Permutation {
    /// The map of a seed. `half_bits` is half the width of the network: 4^half_bits must reach `size`.
    pub(super) fn new(seed: u64, room: u64, half_bits: u32, size: u64) -> Self {
        let mut draw = Draw::of(seed, room, 0);
        Self {
            keys: [draw.bits(), draw.bits(), draw.bits(), draw.bits()],
            half_bits,
            size,
        }
    }

    /// The image of `index`; `None` outside the range.
    pub(super) fn at(&self, index: u64) -> Option<u64> {
        if index >= self.size {
            return None;
        }
        let mut value = index;
        loop {
            value = self.round(value);
            if value < self.size {
                return Some(value);
            }
        }
    }

    fn round(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits & mask, value & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_permutation_meets_every_number_once() {
        let map = Permutation::new(7, 1, 6, 3000);
        let seen: BTreeSet<u64> = (0..3000).map(|index| map.at(index).unwrap()).collect();
        assert_eq!(seen.len(), 3000);
        assert_eq!(seen.last(), Some(&2999));
        assert_eq!(map.at(3000), None);
        assert!((0..20).any(|index| map.at(index) != Some(index)));
    }

    #[test]
    fn draws_stay_in_their_range_and_repeat() {
        let (mut a, mut b) = (Draw::of(1, 2, 3), Draw::of(1, 2, 3));
        for _ in 0..1000 {
            let value = a.between(-3, 4);
            assert!((-3..=4).contains(&value));
            assert_eq!(value, b.between(-3, 4));
        }
        assert_eq!(a.below(0), 0);
        assert_eq!(a.one::<u8>(&[]), None);
        assert_ne!(Draw::of(1, 2, 4).bits(), Draw::of(1, 2, 3).bits());
        assert_ne!(Draw::of(1, 3, 3).bits(), Draw::of(1, 2, 3).bits());
    }
}
