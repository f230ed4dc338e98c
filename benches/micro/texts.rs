//! Fields and numbers: CP932 both ways, check digits.

use divan::{Bencher, black_box};
use sekisho::domain::ids::{JuminCode, MyNumber};
use sekisho::text::cp932::{decode_wide, encode_wide};
use sekisho::text::gaiji::GaijiTable;

const ADDRESS: &str = "秋田県秋田市山王一丁目１番１号　県庁第二庁舎";

fn cp932() -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_wide(ADDRESS, &[], false, &GaijiTable::none(), &mut bytes);
    // Padded as in a record.
    while bytes.len() < 200 {
        bytes.extend_from_slice(&[0x81, 0x40]);
    }
    bytes
}

/// An address of 22 characters in a field of 200 bytes.
#[divan::bench]
fn decode_cp932(bencher: Bencher<'_, '_>) {
    let (bytes, gaiji) = (cp932(), GaijiTable::none());
    let (mut text, mut cells) = (String::new(), Vec::new());
    bencher.bench_local(|| {
        text.clear();
        decode_wide(black_box(&bytes), &gaiji, &mut text, &mut cells).unwrap();
        text.len()
    });
}

#[divan::bench]
fn encode_cp932(bencher: Bencher<'_, '_>) {
    let gaiji = GaijiTable::none();
    let mut bytes = Vec::new();
    bencher.bench_local(|| {
        bytes.clear();
        encode_wide(black_box(ADDRESS), &[], false, &gaiji, &mut bytes)
    });
}

/// 住民票コード with its check digit.
#[divan::bench]
fn check_digit_of_a_code() -> JuminCode {
    JuminCode::parse(black_box("24727059608")).unwrap()
}

/// 個人番号 with its check digit.
#[divan::bench]
fn check_digit_of_a_number() -> MyNumber {
    MyNumber::parse(black_box("379474484458")).unwrap()
}
