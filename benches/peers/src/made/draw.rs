//! Chance from a seed: SplitMix64.

/// A stream of numbers.
#[derive(Clone)]
pub struct Draw(u64);

impl Draw {
    /// The stream of a seed, a room and a place in it.
    pub fn of(seed: u64, room: u64, at: u64) -> Self {
        let mut draw = Self(seed ^ room.wrapping_mul(0xA076_1D64_78BD_642F) ^ at.wrapping_mul(0xD134_2543_DE82_EF95));
        draw.next();
        draw
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// One of a list.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// A day between the first of one year and the last of another, `YYYYMMDD`.
    pub fn date(&mut self, from_year: u64, to_year: u64) -> String {
        let year = (from_year + self.below(to_year - from_year + 1)) as u32;
        let month = 1 + self.below(12) as u32;
        let day = 1 + self.below(u64::from(crate::flat::days_of(year, month)));
        format!("{year:04}{month:02}{day:02}")
    }
}
