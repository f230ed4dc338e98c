//! The numbers of the register with their check digits (rules section 1).
//!
//! None of these types prints its digits in `Debug`: a 住民票コード or 個人番号 in a log is a leak.

use std::fmt;

/// Why a text is not a number of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdFault {
    /// Wrong length, or something else than digits.
    #[error("not the right number of digits")]
    Digits,
    /// The check digit does not fit.
    #[error("wrong check digit")]
    CheckDigit,
}

/// The number that `width` digits stand for, and the sum of their digits by `weights`, which begin at the lowest digit
/// before the check digit.
fn digits<const N: usize>(text: &str, width: usize, weights: &[u64; N]) -> Result<(u64, u64), IdFault> {
    let Some((check, body)) = text.as_bytes().split_last().filter(|_| text.len() == width) else {
        return Err(IdFault::Digits);
    };
    let digit = |byte: &u8| u64::from(byte.wrapping_sub(b'0'));
    let (mut value, mut sum, mut highest) = (0u64, 0u64, digit(check));
    for (byte, weight) in body.iter().zip(weights.iter().rev()) {
        let digit = digit(byte);
        highest = highest.max(digit);
        // Twelve digits at most, of which a wrong one counts up to 255.
        value = value.wrapping_mul(10).wrapping_add(digit);
        sum = sum.wrapping_add(digit.wrapping_mul(*weight));
    }
    if highest > 9 || body.len() != N {
        return Err(IdFault::Digits);
    }
    Ok((value.wrapping_mul(10).wrapping_add(digit(check)), sum))
}

/// Check digit of a sum by weights: 0 if the remainder is 0 or 1, else 11 - remainder.
fn check_of(sum: u64) -> u64 {
    match sum % 11 {
        0 | 1 => 0,
        r => 11 - r,
    }
}

/// Check digit of a body whose lowest digit has the first weight.
fn check_mod11(mut body: u64, weights: &[u64]) -> u64 {
    let mut sum = 0;
    for weight in weights {
        sum += body % 10 * weight;
        body /= 10;
    }
    check_of(sum)
}

/// 住民票コード: 10 digits and a check digit (item 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JuminCode(u64);

impl JuminCode {
    /// Weights from the lowest body digit.
    const WEIGHTS: [u64; 10] = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5];

    /// Reads 11 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, IdFault> {
        let (value, sum) = digits(text, 11, &Self::WEIGHTS)?;
        if check_of(sum) == value % 10 {
            Ok(Self(value))
        } else {
            Err(IdFault::CheckDigit)
        }
    }

    /// The code whose first ten digits are `body`; the check digit is computed. `None` above ten digits.
    pub fn from_body(body: u64) -> Option<Self> {
        (body < 10_000_000_000).then(|| Self(body * 10 + check_mod11(body, &Self::WEIGHTS)))
    }

    /// A stored value of eleven digits, tested again.
    pub fn from_value(value: u64) -> Option<Self> {
        (value < 100_000_000_000 && check_mod11(value / 10, &Self::WEIGHTS) == value % 10).then_some(Self(value))
    }

    /// The eleven digits as a number.
    pub fn value(self) -> u64 {
        self.0
    }

    /// The eleven digits as text. Personal data: for records and answers only.
    pub fn text(self) -> String {
        format!("{:011}", self.0)
    }
}

impl fmt::Debug for JuminCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JuminCode(..)")
    }
}

/// 個人番号 (My Number): 11 digits and a check digit (item 9).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MyNumber(u64);

impl MyNumber {
    /// Weights from the lowest body digit.
    const WEIGHTS: [u64; 11] = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6];

    /// Reads 12 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, IdFault> {
        let (value, sum) = digits(text, 12, &Self::WEIGHTS)?;
        if check_of(sum) == value % 10 {
            Ok(Self(value))
        } else {
            Err(IdFault::CheckDigit)
        }
    }

    /// The number whose first eleven digits are `body`; `None` above eleven digits.
    pub fn from_body(body: u64) -> Option<Self> {
        (body < 100_000_000_000).then(|| Self(body * 10 + check_mod11(body, &Self::WEIGHTS)))
    }

    /// A stored value of twelve digits, tested again.
    pub fn from_value(value: u64) -> Option<Self> {
        (value < 1_000_000_000_000 && check_mod11(value / 10, &Self::WEIGHTS) == value % 10).then_some(Self(value))
    }

    /// The twelve digits as a number.
    pub fn value(self) -> u64 {
        self.0
    }

    /// The twelve digits as text. Personal data: for records and answers only.
    pub fn text(self) -> String {
        format!("{:012}", self.0)
    }
}

impl fmt::Debug for MyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MyNumber(..)")
    }
}

/// 全国地方公共団体コード: 5 digits and a check digit (item 14). Not personal data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MunicipalityCode(u32);

impl MunicipalityCode {
    /// Reads 6 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, IdFault> {
        let (value, sum) = digits(text, 6, &[2, 3, 4, 5, 6])?;
        // Remainder 0 gives 1 and remainder 1 gives 0: the rule differs from the other two numbers.
        if (11 - sum % 11) % 10 == value % 10 {
            u32::try_from(value).map(Self).map_err(|_| IdFault::Digits)
        } else {
            Err(IdFault::CheckDigit)
        }
    }

    /// A number of at most six digits, leading zero left out, tested as [`MunicipalityCode::parse`] does.
    pub fn from_value(value: u32) -> Option<Self> {
        Self::parse(&format!("{value:06}")).ok()
    }

    /// The six digits as a number.
    pub fn value(self) -> u32 {
        self.0
    }

    /// The six digits as text.
    pub fn text(self) -> String {
        format!("{:06}", self.0)
    }
}

impl fmt::Debug for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Display for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// Id of a party of the exchange: 1 to 8 ASCII letters or digits, e.g. `052019` or `B0000001`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId {
    bytes: [u8; 8],
    len: u8,
}

impl PartyId {
    /// Reads an id without padding. `None` where it is empty, longer than 8 bytes, or not ASCII letters and digits.
    pub fn parse(text: &str) -> Option<Self> {
        let source = text.as_bytes();
        if source.is_empty() || source.len() > 8 || !source.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(source) {
            *to = *from;
        }
        Some(Self {
            bytes,
            len: u8::try_from(source.len()).ok()?,
        })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumin_code_vectors_of_section_1() {
        for good in ["24727059608", "24846016224", "25208017643"] {
            assert!(JuminCode::parse(good).is_ok(), "{good}");
        }
        assert_eq!(JuminCode::parse("25208017644"), Err(IdFault::CheckDigit));
        assert_eq!(JuminCode::parse("12345678901"), Err(IdFault::CheckDigit));
        assert_eq!(JuminCode::parse("2520801764"), Err(IdFault::Digits));
        for every_remainder in "10000000030 10000000090 10000000049 10000000138 10000000057 10000000006 10000000065 \
             10000000014 10000000073 10000000022 10000000081"
            .split_whitespace()
        {
            let code = JuminCode::parse(every_remainder).unwrap();
            assert_eq!(JuminCode::from_body(code.value() / 10), Some(code));
            assert_eq!(code.text(), every_remainder);
        }
    }

    #[test]
    fn my_number_vectors_of_section_1() {
        for good in "379474484458 454972364860 507957100721 983205673214 123456789018 100000000080 100000000030 \
             100000000099 100000000048 100000000137 100000000056 100000000005 100000000064 100000000013 100000000072 \
             100000000021"
            .split_whitespace()
        {
            assert!(MyNumber::parse(good).is_ok(), "{good}");
        }
        for bad in ["507957100722", "123456789012"] {
            assert_eq!(MyNumber::parse(bad), Err(IdFault::CheckDigit));
        }
    }

    #[test]
    fn municipality_code_vectors_of_section_1() {
        for good in "052019 050008 010031 010090 010049 010138 010057 010006 010065 010014 010073 010022 010081"
            .split_whitespace()
        {
            assert_eq!(MunicipalityCode::parse(good).unwrap().text(), good);
        }
        assert_eq!(MunicipalityCode::parse("052018"), Err(IdFault::CheckDigit));
    }

    #[test]
    fn debug_shows_no_digits() {
        assert_eq!(
            format!("{:?}", JuminCode::parse("24727059608").unwrap()),
            "JuminCode(..)"
        );
        assert_eq!(
            format!("{:?}", MyNumber::parse("379474484458").unwrap()),
            "MyNumber(..)"
        );
    }
}
