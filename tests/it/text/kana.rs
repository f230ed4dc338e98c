//! 清音化 (rules 5.2) against a second implementation, which works by the names of the characters.

use std::fmt::Write as _;

use sekisho::text::kana::seion;

use super::python;

/// Voiced marks off by canonical decomposition, full size and hiragana by name: no table in common with ours.
const BY_NAME: &str = "
import sys, unicodedata as u
DASHES = '-\\u2010\\u2011\\u2012\\u2013\\u2014\\u2015\\u2212\\uff0d\\uff70\\u30fc\\u2500\\u2501'
def seion(text):
    out = []
    for ch in u.normalize('NFKC', text):
        if ch.isspace(): continue
        if ch in DASHES: out.append('\\u30fc'); continue
        if '!' <= ch <= '~': out.append(chr(ord(ch) + 0xfee0)); continue
        name = u.name(ch, '')
        if name.startswith(('HIRAGANA', 'KATAKANA', 'COMBINING KATAKANA')):
            ch = ''.join(c for c in u.normalize('NFD', ch) if c not in '\\u3099\\u309a')
            if not ch: continue
            name = u.name(ch)
            for plain in (name.replace('KATAKANA', 'HIRAGANA').replace('SMALL ', ''),):
                try: ch = u.lookup(plain)
                except KeyError: pass
        out.append(ch)
    return ''.join(out)
for cp in list(range(0x20, 0xd800)) + list(range(0xe000, 0x10000)) + list(range(0x1b000, 0x1b170)) + list(range(0x20000, 0x20010)):
    ch = chr(cp)
    if u.category(ch) == 'Cn': continue
    for text in (ch, '\\u304b' + ch + '\\u3099'):
        print('%X' % cp, '+'.join('%X' % ord(c) for c in seion(text)))
";

#[test]
fn every_character_equals_the_implementation_by_name() {
    let Some(output) = python(BY_NAME, &[]) else { return };
    let mut lines = output.lines();
    let mut checked = 0;
    while let (Some(alone), Some(between)) = (lines.next(), lines.next()) {
        let (code, _) = alone.split_once(' ').unwrap();
        let character = char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap();
        for (text, line) in [
            (character.to_string(), alone),
            (format!("か{character}\u{3099}"), between),
        ] {
            let mut ours = format!("{code} ");
            for (index, character) in seion(&text).chars().enumerate() {
                let plus = if index == 0 { "" } else { "+" };
                write!(ours, "{plus}{:X}", u32::from(character)).unwrap();
            }
            assert_eq!(ours, line);
        }
        checked += 1;
    }
    assert!(checked > 60_000, "{checked}");
}
