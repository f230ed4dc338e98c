//! The Japanese of the remarks on arriving files. The remark itself, in English, is what stands in reports and states; here is
//! what a Japanese screen shows for it.

/// Remarks in English and Japanese. None holds a name or a number.
const REMARKS: &[(&str, &str)] = &[
    // Unfinished files (H01), and what is reported as being written.
    ("still growing", "まだ書込中です"),
    (
        "not yet unchanged in enough passes",
        "必要な回数だけ変化なしと確認できていません",
    ),
    ("the done file is missing", "完了ファイルがありません"),
    (
        "the done file is not a plain file",
        "完了ファイルが通常のファイルではありません",
    ),
    (
        "the done file holds neither nothing nor a SHA-256",
        "完了ファイルの内容が空でもSHA-256でもありません",
    ),
    (
        "the hash in the done file is not that of the file",
        "完了ファイルのハッシュがファイルと一致しません",
    ),
    ("being written", "送信元が書込中です"),
    (
        "its name says that it is being written, but nobody has for hours",
        "書込中の名前のまま、長時間変化がありません",
    ),
    (
        "a done file whose file is not there yet",
        "完了ファイルだけがあり、本体がまだありません",
    ),
    ("a done file without its file", "本体のない完了ファイルです"),
    // No file to read, or over a limit (H08).
    ("not a plain file", "通常のファイルではありません"),
    (
        "the file has a second name",
        "別の名前でも参照されています（ハードリンク）",
    ),
    ("the name is not UTF-8", "名前がUTF-8ではありません"),
    ("a folder of no party", "団体のフォルダではありません"),
    (
        "another name in the folder looks the same",
        "見分けのつかない名前のファイルがあります（大文字・全角・正規化の違い）",
    ),
    ("over the limit of size", "大きさの上限を超えています"),
    ("over the limit of records", "レコード数の上限を超えています"),
    (
        "over the limit of files in the folder",
        "フォルダのファイル数の上限を超えています",
    ),
    ("the name holds a control character", "名前に制御文字があります"),
    ("the name holds an invisible character", "名前に見えない文字があります"),
    ("the name holds a backslash", "名前に逆斜線（\\）があります"),
    ("the name begins with a dash", "名前がハイフンで始まります"),
    (
        "the name begins or ends with a blank, or ends with a dot",
        "名前の前後に空白、又は末尾に点があります",
    ),
    ("the name is too long", "名前が長すぎます"),
    // Whose file it is (H05).
    (
        "a plain file from a party that must seal",
        "封緘が必要な団体の、封緘されていないファイルです",
    ),
    (
        "the file lies in the folder of another party",
        "他の団体のフォルダにあります",
    ),
    ("the package is signed by another party", "他の団体が署名しています"),
];

/// The Japanese of a remark; `None` for one that has none, e.g. since it holds a place or a number.
pub fn japanese(english: &str) -> Option<&'static str> {
    let row = REMARKS.iter().find(|(en, _)| *en == english)?;
    Some(row.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::filename::NameFault;

    #[test]
    fn each_remark_stands_once_in_both_languages() {
        let english: std::collections::BTreeSet<&str> = REMARKS.iter().map(|(en, _)| *en).collect();
        assert_eq!(english.len(), REMARKS.len());
        assert!(REMARKS.iter().all(|(en, ja)| en.is_ascii() && !ja.is_ascii()));
        for fault in [
            NameFault::Control,
            NameFault::Invisible,
            NameFault::Backslash,
            NameFault::Dash,
            NameFault::Edge,
            NameFault::TooLong,
        ] {
            assert!(japanese(&fault.to_string()).is_some(), "{fault}");
        }
        assert_eq!(japanese("byte 7: something"), None);
    }
}
