//! Names, readings and addresses that the histories use, and the folded readings of item 13 (rules 5.2), written down by hand.

/// Item 2. The last has a character that CP932 does not have.
pub(super) const NAMES: [&str; 5] = ["佐藤　花子", "鈴木　学", "高橋　ぱうろ", "伊藤　能", "吉田　𠮷男"];

/// Item 4 and what item 13 is for it.
pub(super) const READINGS: [(&str, &str); 6] = [
    ("さとう　はなこ", "さとうはなこ"),
    ("すずき　がっこう", "すすきかつこう"),
    ("たかはし　ぱうろ", "たかはしはうろ"),
    ("いとう　しょーた", "いとうしよーた"),
    ("ぢゃん　ぽぉる", "ちやんほおる"),
    ("", ""),
];

/// Item 7.
pub(super) const ADDRESSES: [&str; 4] = [
    "秋田県秋田市山王一丁目１番１号",
    "秋田県秋田市中通二丁目３番４号",
    "秋田県能代市上町１番３号",
    "秋田県横手市中央町８番２号",
];

/// Items 25 and 27.
pub(super) const FORMER: [(&str, &str); 3] = [("", ""), ("山田", "やまだ"), ("小林", "こばやし")];

/// Item 13 of a reading.
pub(super) fn folded(reading: &str) -> String {
    let known = READINGS.iter().find(|(known, _)| *known == reading);
    known
        .unwrap_or_else(|| panic!("no folded form of {reading}"))
        .1
        .to_owned()
}
