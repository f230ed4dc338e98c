//! Whether two texts are the same characters in other codes: what a clerk need not look into.

use unicode_normalization::char::decompose_canonical;

use super::encode::counterpart;
use super::wide::{GETA, WIDE_SPACE, is_variation_selector};

/// True where two texts that differ are the same characters in other codes:
///
/// - a character and the one that stands for it where JIS and Microsoft map differently (〜 ～, − －, — ―);
/// - a compatibility ideograph and the ideograph that it is (神 U+FA19 and U+795E);
/// - a character with and without its variation selector;
/// - a gaiji: 〓 or a user-defined character on either side stands for any one character, as long as fewer places are
///   such than are equal. Blanks count for neither.
///
/// Variants (異体字) such as 高 and 髙 are two characters.
pub fn same_characters(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (folded(a), folded(b));
    let (mut equal, mut assumed) = (0u32, 0u32);
    loop {
        match (a.next(), b.next()) {
            (None, None) => return assumed == 0 || assumed < equal,
            (Some(WIDE_SPACE), Some(WIDE_SPACE)) => {}
            (Some(WIDE_SPACE) | None, Some(_)) | (Some(_), Some(WIDE_SPACE) | None) => return false,
            (Some(one), Some(other)) if one == other => equal += 1,
            (Some(one), Some(other)) if is_gaiji(one) || is_gaiji(other) => assumed += 1,
            (Some(_), Some(_)) => return false,
        }
    }
}

/// The placeholder, or a character of the private-use area.
fn is_gaiji(character: char) -> bool {
    character == GETA || matches!(character, '\u{E000}'..='\u{F8FF}')
}

/// The characters in one code each, variation selectors dropped.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(|character| !is_variation_selector(*character))
        .map(|character| {
            let character = counterpart(character).unwrap_or(character);
            let (mut first, mut count) = (character, 0);
            decompose_canonical(character, |part| {
                if count == 0 {
                    first = part;
                }
                count += 1;
            });
            // Kana with a voiced mark decompose into two: those are other characters without it.
            if count == 1 { first } else { character }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_codes_of_one_character() {
        for (a, b) in [
            ("\u{301C}", "\u{FF5E}"),
            ("\u{2212}", "\u{FF0D}"),
            ("\u{2014}", "\u{2015}"),
            ("\u{FA19}谷", "神谷"),
            ("葛\u{E0100}西", "葛西"),
            ("〓藤　花子", "斎藤　花子"),
            ("\u{E000}藤　花子", "〓藤　花子"),
        ] {
            assert!(same_characters(a, b), "{a} {b}");
            assert!(same_characters(b, a), "{b} {a}");
        }
    }

    #[test]
    fn other_characters() {
        for (a, b) in [
            ("高橋", "髙橋"),
            ("斉藤", "斎藤"),
            ("山田　太郎", "山田太郎"),
            ("山田", "山田子"),
            ("〓〓", "山田"),
            ("〓　一", "山　一"),
            ("か", "が"),
            ("", "〓"),
        ] {
            assert!(!same_characters(a, b), "{a} {b}");
            assert!(!same_characters(b, a), "{b} {a}");
        }
    }
}
