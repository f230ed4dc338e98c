//! 清音化: the kana form by which persons are matched (item 13; rules 5.2).

use unicode_normalization::UnicodeNormalization;

/// The plain hiragana of a reading: NFKC, katakana to hiragana, voiced and semi-voiced marks dropped, small kana
/// enlarged, dashes and long marks to ー, blanks dropped, remaining ASCII to full width. Anything else stays.
pub fn seion(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.chars().all(is_stable) {
        out.extend(text.chars().filter_map(plain));
    } else {
        out.extend(text.nfkc().filter_map(plain));
    }
    out
}

/// Characters for which [`plain`] gives the same with and without NFKC before it, whatever stands beside them: the
/// only composition among them is that of a kana with a voiced mark, and [`plain`] drops the mark either way.
fn is_stable(character: char) -> bool {
    matches!(character,
        '\u{3041}'..='\u{3096}'
        | '\u{3099}' | '\u{309A}' | '\u{309D}' | '\u{309E}'
        | '\u{30A1}'..='\u{30FE}'
        | '\u{3000}' | '\u{3013}'
        | ' '..='~'
        | '\u{FF01}'..='\u{FF5E}'
        | '\u{E000}'..='\u{F8FF}')
}

/// One character after NFKC; `None` where it is dropped.
fn plain(character: char) -> Option<char> {
    Some(match character {
        // The combining marks, and the blanks and half-width forms that NFKC turns into them.
        '\u{3099}' | '\u{309A}' => return None,
        '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '－' | 'ｰ' | 'ー' | '─' | '━' => 'ー',
        '!'..='~' => offset(character, 0xFEE0),
        // ァ-ヶ stand 60 (hexadecimal) above ぁ-ゖ.
        '\u{30A1}'..='\u{30F6}' | '\u{30FD}' | '\u{30FE}' => unvoiced(offset_down(character, 0x60)),
        '\u{3041}'..='\u{309F}' => unvoiced(character),
        'ヷ' => 'わ',
        'ヸ' | '\u{1B150}' | '\u{1B164}' => 'ゐ',
        'ヹ' | '\u{1B151}' | '\u{1B165}' => 'ゑ',
        'ヺ' | '\u{1B152}' | '\u{1B166}' => 'を',
        '\u{31F0}'..='\u{31FF}' => extension(character),
        '\u{1B132}' | '\u{1B155}' => 'こ',
        '\u{1B167}' => 'ん',
        '\u{1B121}' => '\u{1B001}',
        '\u{1B122}' => '\u{1B11F}',
        blank if blank.is_whitespace() => return None,
        other => other,
    })
}

fn offset(character: char, by: u32) -> char {
    char::from_u32(u32::from(character) + by).unwrap_or(character)
}

fn offset_down(character: char, by: u32) -> char {
    char::from_u32(u32::from(character) - by).unwrap_or(character)
}

/// Hiragana without voiced mark and in full size.
fn unvoiced(hiragana: char) -> char {
    match hiragana {
        'ぁ' => 'あ',
        'ぃ' => 'い',
        'ぅ' | 'ゔ' => 'う',
        'ぇ' => 'え',
        'ぉ' => 'お',
        'が' | 'ゕ' => 'か',
        'ぎ' => 'き',
        'ぐ' => 'く',
        'げ' | 'ゖ' => 'け',
        'ご' => 'こ',
        'ざ' => 'さ',
        'じ' => 'し',
        'ず' => 'す',
        'ぜ' => 'せ',
        'ぞ' => 'そ',
        'だ' => 'た',
        'ぢ' => 'ち',
        'っ' | 'づ' => 'つ',
        'で' => 'て',
        'ど' => 'と',
        'ば' | 'ぱ' => 'は',
        'び' | 'ぴ' => 'ひ',
        'ぶ' | 'ぷ' => 'ふ',
        'べ' | 'ぺ' => 'へ',
        'ぼ' | 'ぽ' => 'ほ',
        'ゃ' => 'や',
        'ゅ' => 'ゆ',
        'ょ' => 'よ',
        'ゎ' => 'わ',
        'ゞ' => 'ゝ',
        other => other,
    }
}

/// The small katakana of Ainu, U+31F0-31FF.
fn extension(small: char) -> char {
    match small {
        'ㇰ' => 'く',
        'ㇱ' => 'し',
        'ㇲ' => 'す',
        'ㇳ' => 'と',
        'ㇴ' => 'ぬ',
        'ㇵ' => 'は',
        'ㇶ' => 'ひ',
        'ㇷ' => 'ふ',
        'ㇸ' => 'へ',
        'ㇹ' => 'ほ',
        'ㇺ' => 'む',
        'ㇻ' => 'ら',
        'ㇼ' => 'り',
        'ㇽ' => 'る',
        'ㇾ' => 'れ',
        'ㇿ' => 'ろ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of rules 5.2.
    #[test]
    fn the_examples_of_the_rules() {
        assert_eq!(seion("がっこう　じろう"), "かつこうしろう");
        assert_eq!(seion("ぱうろ"), "はうろ");
        assert_eq!(seion("ゔぁん"), "うあん");
        assert_eq!(seion("しょーた"), "しよーた");
    }

    /// The same readings in the ways in which other systems write them.
    #[test]
    fn every_spelling_of_a_reading_gives_one_form() {
        for text in [
            "がっこう じろう",
            "ガッコウ　ジロウ",
            "ｶﾞｯｺｳ ｼﾞﾛｳ",
            "か\u{3099}っこう\u{A0}し\u{3099}ろう",
            "か\u{309B}っこう\u{2003}し゛ろう",
        ] {
            assert_eq!(seion(text), "かつこうしろう", "{text}");
        }
        for text in ["パウロ", "ﾊﾟｳﾛ", "は\u{309A}うろ", "ハ゜ウロ"] {
            assert_eq!(seion(text), "はうろ", "{text}");
        }
    }

    /// Rules 5.2 lists the dashes.
    #[test]
    fn every_dash_of_the_list_becomes_the_long_mark() {
        for dash in "-‐‑‒–—―−－ｰー－─━".chars() {
            assert_eq!(seion(&format!("ま{dash}く")), "まーく", "U+{:04X}", u32::from(dash));
        }
    }

    #[test]
    fn ascii_becomes_full_width_and_the_rest_stays() {
        assert_eq!(seion("A-1 z~／＼"), "Ａー１ｚ～／＼");
        assert_eq!(seion("ａｂ１"), "ａｂ１");
        assert_eq!(seion("山田\u{3013}\u{E000}を・ゐゑ"), "山田\u{3013}\u{E000}を・ゐゑ");
        assert_eq!(seion("ヷヸヹヺ ㇷ゚ ヽヾ"), "わゐゑをふゝゝ");
        assert_eq!(seion(""), "");
    }
}
