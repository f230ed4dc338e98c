//! Findings: a code, the item, the place in the file; and the table of codes in words (rules 2.6).
//!
//! The short Japanese text is the `message` of a RES, at most 80 wide characters and nothing but wide ones.

use super::code::Code;
use super::transition::Basis;

/// Where a field lies in the inbound file. F and C findings only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Offset of the field from the start of the inbound file, in bytes.
    pub byte_offset: u64,
    /// Length of the field in bytes.
    pub byte_length: u32,
}

/// One finding on one record or file. Ordered as in a RES: code, then item number, blank first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What was found.
    pub code: Code,
    /// Number of the item (1 to 28), `None` for findings and fields without one.
    pub item: Option<u8>,
    /// Where, for F and C findings.
    pub place: Option<Place>,
}

/// What a finding does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// 保留: the file is kept and not answered.
    Hold,
    /// ファイル却下: the file is answered by one record; its serial is not consumed.
    RejectFile,
    /// 却下: the record is not applied.
    RejectRecord,
    /// 警告: the record is applied and the sender told.
    Warning,
    /// 拒否: nothing is given out; the refusal stands in the ledger.
    Refuse,
}

impl Severity {
    /// All severities.
    pub const ALL: [Self; 5] = [
        Self::Hold,
        Self::RejectFile,
        Self::RejectRecord,
        Self::Warning,
        Self::Refuse,
    ];

    /// Name in Japanese.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Hold => "保留",
            Self::RejectFile => "ファイル却下",
            Self::RejectRecord => "却下",
            Self::Warning => "警告",
            Self::Refuse => "拒否",
        }
    }

    /// Name in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Hold => "file held",
            Self::RejectFile => "file rejected",
            Self::RejectRecord => "record rejected",
            Self::Warning => "warning",
            Self::Refuse => "refused",
        }
    }
}

/// One row of the table of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingRow {
    /// What the finding does.
    pub severity: Severity,
    /// Where the rule comes from.
    pub basis: Basis,
    /// Article of the law, empty where none says it.
    pub article: &'static str,
    /// Items that the finding names, in words; empty where it names none.
    pub items: &'static str,
    /// Short text in Japanese: the `message` of a RES.
    pub ja: &'static str,
    /// Short text in English.
    pub en: &'static str,
    /// What to do, in Japanese.
    pub todo_ja: &'static str,
    /// What to do, in English.
    pub todo_en: &'static str,
}

macro_rules! findings {
    ($($code:ident: $severity:ident, $basis:ident, $article:literal, $items:literal,
        $ja:literal, $en:literal, $todo_ja:literal, $todo_en:literal;)*) => {
        /// The row of a code.
        pub const fn row(code: Code) -> FindingRow {
            match code {
                $(Code::$code => FindingRow {
                    severity: Severity::$severity,
                    basis: Basis::$basis,
                    article: $article,
                    items: $items,
                    ja: $ja,
                    en: $en,
                    todo_ja: $todo_ja,
                    todo_en: $todo_en,
                },)*
            }
        }
    };
}

findings! {
    C001: RejectRecord, Law, "規則1条（検査数字）", "the field",
        "住民票コードの検査数字が正しくありません。", "the check digit of the 住民票コード is wrong",
        "原票と照合し、正しいコードで送り直してください。", "compare with the source and send again with the right code";
    C002: RejectRecord, Law, "番号法令8条（検査用数字）", "the field",
        "個人番号の検査用数字が正しくありません。", "the check digit of the 個人番号 is wrong",
        "原票と照合し、正しい番号で送り直してください。", "compare with the source and send again with the right number";
    C003: RejectRecord, Inference, "", "14",
        "市町村コードが県内の市町村のものでないか、検査数字が正しくありません。", "the municipality code is none of this prefecture's, or its check digit is wrong",
        "項目１４を自市町村のコードに直して送り直してください。", "put the own code into item 14 and send again";
    C004: RejectRecord, Law, "規則11条", "10",
        "異動事由のコードがありません。", "unknown reason of change",
        "項目１０を異動事由の表にあるコードに直してください。", "use a reason of the table in item 10";
    C005: RejectRecord, Inference, "", "5, 11, 18",
        "日付又は時刻が存在しないか、認められない範囲にあります。", "a date or time does not exist or is out of range",
        "暦、元号、業務日及びファイルの作成日時と照合してください。", "check against calendar, era, business date and the file's time of creation";
    C006: RejectRecord, Inference, "", "6",
        "性別のコードが１、２、３のいずれでもありません。", "the sex is not 1, 2 or 3",
        "項目６を直して送り直してください。", "correct item 6 and send again";
    C007: RejectRecord, Pia, "", "3, 8, 26",
        "外字数が〓の数と一致しません。", "the gaiji count differs from the number of placeholders",
        "外字数の項目か、文字の項目の〓を直してください。", "correct the count or the placeholders in the text";
    C008: RejectRecord, Pia, "", "20",
        "外字フラグが外字数と一致しません。", "the gaiji flag contradicts the gaiji counts",
        "外字があれば１、なければ０にしてください。", "put 1 where there are gaiji, else 0";
    C009: RejectRecord, Inference, "", "9",
        "個人番号がありません。", "the 個人番号 is missing",
        "個人番号を記載して送り直してください。", "send again with the number";
    C010: RejectRecord, Pia, "", "14",
        "市町村コードが送信した市町村（合併前を含む）のものではありません。", "item 14 is not the sender of the file nor one of its predecessors",
        "自市町村の住民についての通知だけを送ってください。", "send notices about own residents only";
    E01: RejectFile, Inference, "", "",
        "抽出の基準時点がファイルの作成日時より後です。", "base_at is after created_at",
        "基準時点を直して送り直してください。", "correct base_at and send again";
    E02: RejectFile, Inference, "", "",
        "抽出の基準時点が最初の世代より前です。", "base_at is before the first generation",
        "基準時点を直して送り直してください。", "correct base_at and send again";
    E03: RejectFile, Inference, "", "",
        "抽出の範囲が全件でも指定分でもありません。", "the scope is neither F nor L",
        "抽出の範囲を直して送り直してください。", "correct the scope and send again";
    F001: RejectFile, Inference, "", "",
        "ファイルの長さ又はレコードの並びが様式に合いません。", "the length is no whole number of records, or a record type is unknown or out of place",
        "様式どおりに作り直し、同じ通番で送り直してください。", "make the file again by the layout and send it with the same serial";
    F002: RejectFile, Inference, "", "",
        "ヘッダ又はトレーラの内容が正しくありません。", "header or trailer is wrong",
        "件数、ハッシュ値、宛先、版、作成日時を確かめ、同じ通番で送り直してください。", "check counts, hash, receiver, version and created_at; send again with the same serial";
    F003: RejectRecord, Inference, "", "the field",
        "文字として読めないバイト列があります（文字の途中で切れた場合を含む）。", "bytes that are no character, one cut by the end of the field included",
        "文字コードと項目の長さを確かめてください。", "check the encoding and the length of the field";
    F004: RejectRecord, Inference, "", "the field",
        "項目の型に合わない文字又は詰め方です。", "characters or padding that the type of the field does not allow",
        "全角項目は全角文字だけ、その他の項目は半角だけとし、左詰めにしてください。", "wide characters only in wide fields, ASCII elsewhere, no blanks before the text";
    F005: RejectRecord, Pia, "", "the field",
        "必須の項目が空欄です。", "a required item is blank",
        "空欄の項目を補って送り直してください。", "fill the item and send again";
    F006: RejectRecord, Inference, "", "the field",
        "数字の項目に数字以外の文字があるか、桁数が足りません。", "not digits in the full width of the field",
        "数字を桁数いっぱいに記載してください。", "write digits in the full width";
    H01: Hold, Inference, "", "",
        "ファイルが完結していません。", "the file is incomplete",
        "送信が終わるのを待つか、送り直してください。", "wait for the transfer to end, or send again";
    H02: Hold, Inference, "", "",
        "ファイル名とヘッダが合わないか、ヘッダが読めません。", "the name contradicts the header, or the header cannot be read",
        "名前又はヘッダを直して送り直してください。", "correct name or header and send again";
    H03: Hold, Law, "法30条の6", "",
        "送信元が登録されていないか、この種類のファイルを送れません。", "the sender is unknown or not registered for this kind",
        "団体・部署の登録を確かめてください。", "check the register of parties";
    H04: Hold, Law, "法30条の6", "",
        "送信元は業務日に有効ではありません。", "the sender is not active on the business date",
        "有効期間の登録を確かめてください。", "check the registered period";
    H05: Hold, Pia, "", "",
        "真正なファイルと確かめられません。", "the file is not authentic",
        "署名と鍵を確かめ、送信元に電話で確認してください。", "check signature and keys and ask the sender by telephone";
    H06: Hold, Inference, "", "",
        "受理済みの通番で内容の異なるファイルです。", "a consumed serial with other bytes",
        "送信元に確認し、新しい通番で送り直してもらってください。", "ask the sender to send it with a new serial";
    H07: Hold, Inference, "", "",
        "通番が飛んでいます。", "the serial is above the next one",
        "欠けている通番のファイルを送ってください。", "send the missing files";
    H08: Hold, Inference, "", "",
        "通常のファイルではないか、大きさ又は数の上限を超えています。", "not a plain file, or over a limit of size or count",
        "受信フォルダを確かめてください。", "look at the inbound folder";
    H09: Hold, Inference, "", "",
        "環境（本番、研修）が異なります。", "the environment is not the site's",
        "正しい環境へ送ってください。", "send to the right environment";
    H10: Hold, Inference, "", "",
        "識別情報の保存期間を過ぎた通番です。", "the serial is below the oldest one whose identity is still kept",
        "送信元に通番を確認してください。", "ask the sender about the serial";
    L101: RejectRecord, Pia, "法30条の6", "",
        "既にこの市町村の住民として記録されている方の記載の通知です。", "an entry for a resident of the same municipality",
        "修正の通知の誤りでないか、住民票コードを確かめてください。", "check the code; perhaps an amendment was meant";
    L102: RejectRecord, Pia, "法30条の6", "",
        "県内の他の市町村の住民として記録されている方の記載の通知です。", "an entry for a resident of another municipality of the prefecture",
        "前住所地の転出の通知を待って送り直してください。", "send again after the other municipality's removal";
    L102b: RejectRecord, Inference, "", "",
        "この方を住民として記録している市町村からの通知ではありません。", "a notice by a municipality that is not the current one",
        "住民票コードを確かめ、現住所地の市町村に確認してください。", "check the code and ask the current municipality";
    L103: RejectRecord, Inference, "", "",
        "この住民票コードの記録がありません。", "no record of this code",
        "住民票コードを確かめ、必要なら先に記載の通知を送ってください。", "check the code; send the entry first if it is missing";
    L104: RejectRecord, Inference, "", "",
        "死亡により消除された方の転入の通知です。", "an entry of a person removed by death",
        "死亡が誤りであれば職権記載で回復してください。", "if the death was an error, restore by reason 16";
    L104b: RejectRecord, Inference, "", "",
        "消除された方についての通知です。", "a notice other than an entry for a removed person",
        "住民票コードを確かめ、必要なら先に記載の通知を送ってください。", "check the code; send the entry first if it is missing";
    L105: RejectRecord, Inference, "", "11 if the date differs",
        "帰化等又は国籍喪失の消除と記載の組が揃わないか、年月日が異なります。", "14 or 15 without its other half, or with another date",
        "対になる消除の通知とその異動年月日を確かめてください。", "check the removal of the pair and its date";
    L106: RejectRecord, Inference, "", "",
        "出生の通知の住民票コードは既に使われています。", "a birth with a code that is known",
        "新しい住民票コードを付けて送り直してください。", "send again with a new code";
    L107: RejectRecord, Law, "法30条の4", "",
        "廃止された住民票コードです。", "the code is retired",
        "変更後の住民票コードで送り直してください。", "send again with the code that replaced it";
    L108: RejectRecord, Inference, "", "",
        "帰化等又は国籍喪失の記載を待っている方の転入の通知です。", "an entry while the pair 24 + 14 or 25 + 15 is open",
        "先に対になる記載の通知を送ってください。", "send the second half of the pair first";
    L109: RejectRecord, Law, "令13条③④", "",
        "確定させる転出の記録がありません。", "nothing to confirm",
        "住民票コードと転出の通知を確かめてください。", "check the code and the removal";
    L110: RejectRecord, Pia, "規則11条", "each item",
        "この異動事由では変更できない項目が変わっています。", "an item changed that this reason may not change",
        "異動事由を改めるか、項目を元の値に戻してください。", "use another reason, or put the item back";
    L111: RejectRecord, Pia, "規則11条", "",
        "変更された項目がありません。", "nothing changed",
        "通知の内容を確かめてください。", "check the content of the notice";
    L112: RejectRecord, Inference, "", "",
        "変更前の個人番号が記録と一致しません。", "the old number is not the master's",
        "記録されている個人番号を確かめてください。", "check the recorded number";
    L113: RejectRecord, Law, "番号法7条", "9",
        "他の方に付番された個人番号です。", "the number is or was another person's",
        "個人番号を確かめ、機構に照会してください。", "check the number and ask the national body";
    L114: RejectRecord, Law, "法30条の3", "",
        "変更前の住民票コードの方はこの市町村の住民として記録されていません。", "the old code is no resident record of the sender",
        "変更前の住民票コードを確かめてください。", "check the old code";
    L115: RejectRecord, Law, "法30条の3", "1",
        "変更後の住民票コードは既に使われています。", "the new code is already known",
        "未使用の住民票コードで送り直してください。", "send again with an unused code";
    L116: RejectRecord, Inference, "", "11",
        "異動年月日が業務日より後です。", "the date of change is in the future",
        "異動の日が来てから送り直してください。", "send again when the day has come";
    L117: RejectRecord, Inference, "", "5, 6, 9",
        "消除の通知の生年月日、性別又は個人番号が記録と異なります。", "removal: 5, 6 or 9 differ from the master",
        "本人を確かめ、必要なら先に修正の通知を送ってください。", "check the person; send the correction first if one is missing";
    L118: RejectRecord, Inference, "", "15, 23, 24, 28",
        "元となる項目が変わらないのに付随する項目が変わっています。", "a derived item differs though its parent does not",
        "付随する項目を元の値に戻してください。", "put the derived item back";
    L119: RejectRecord, Inference, "", "18",
        "記録より古い通知です。", "out of order: older than the master record",
        "通知の順序を確かめ、新しいタイムスタンプで送り直してください。", "check the order and send again with a new timestamp";
    L120: RejectRecord, Inference, "", "",
        "適用済みの通知と同じ識別で内容が異なります。", "an applied notice again, with other content",
        "修正であれば新しい更新順番号とタイムスタンプで送ってください。", "a correction needs a new sequence number and timestamp";
    P01: Refuse, Law, "法30条の25", "",
        "照会した団体が登録されていないか、有効でないか、真正と確かめられません。", "the body is unknown, not active, or its file not authentic",
        "団体・部署の登録と鍵を確かめてください。", "check the register of parties and the keys";
    W201: Warning, Inference, "", "5, 6",
        "再び記載された方の生年月日又は性別が前の記録と異なります。", "re-entry: 5 or 6 differ from the last record",
        "同じ方であるか確かめてください。", "check that it is the same person";
    W202: Warning, Inference, "", "9",
        "再び記載された方の個人番号が前の記録と異なります。", "re-entry: 9 differs from the last record",
        "同じ方であるか、番号の変更があったか確かめてください。", "check that it is the same person and that the number was changed";
    W203: Warning, Inference, "", "",
        "死亡により消除された方を職権で記載しました。", "16 after death",
        "死亡の消除が誤りであったことを確かめてください。", "check that the death was an error";
    W204: Warning, Inference, "", "",
        "帰化等又は国籍喪失の記載を待つ方を職権で記載しました。", "16 after 24 or 25",
        "対になる記載の通知が不要であることを確かめてください。", "check that the second half of the pair is not needed";
    W205: Warning, Law, "法30条の3", "",
        "住民票コードの職権記載により記録を新設しました。", "52 creates a record",
        "新しい記録であることを確かめてください。", "check that the record is new";
    W206: Warning, Inference, "", "5",
        "出生の通知の生年月日が異動年月日と異なります。", "birth: item 5 is not item 11",
        "生年月日を確かめてください。", "check the date of birth";
    W207: Warning, Inference, "", "4, 27",
        "軽微な修正でふりがなが変わりました。", "32 with a change of 4 or 27",
        "職権修正の誤りでないか確かめてください。", "check whether reason 33 was meant";
    W208: Warning, Inference, "", "11",
        "異動年月日が記録の異動年月日より前です。", "the date of change is before the last one",
        "異動年月日を確かめてください。", "check the date";
    W209: Warning, Inference, "", "4, 27",
        "ふりがなが空欄です。", "the reading is blank",
        "ふりがなを補う修正の通知を送ってください。", "send an amendment with the reading";
    W210: Warning, Inference, "", "13",
        "清音化かな氏名が計算した値と異なります。", "item 13 was sent and differs",
        "空欄で送ってください。値は県で計算します。", "leave it blank; the server computes it";
    W211: Warning, Inference, "", "2, 4, 7, 14, 25, 27",
        "消除の通知の項目が記録と異なります。記録の値を残しました。", "removal: an item differs; the master's value stays",
        "消除の前の修正の通知に漏れがないか確かめてください。", "check whether an amendment before the removal is missing";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_fit_the_field_and_are_wide_only() {
        for code in Code::ALL {
            let row = row(*code);
            assert!((1..=80).contains(&row.ja.chars().count()), "{}", code.as_str());
            for c in row.ja.chars() {
                let mut text = [0; 4];
                let (bytes, _, unmappable) = encoding_rs::SHIFT_JIS.encode(c.encode_utf8(&mut text));
                assert!(!unmappable && bytes.len() == 2, "{} {c}", code.as_str());
            }
            for text in [row.en, row.todo_ja, row.todo_en] {
                assert!(!text.is_empty(), "{}", code.as_str());
            }
        }
    }

    #[test]
    fn severity_follows_the_letter_of_the_code() {
        for code in Code::ALL {
            let severity = row(*code).severity;
            let expected = match code.as_str().as_bytes() {
                [b'H', ..] => Severity::Hold,
                [b'E', ..] | [b'F', _, _, b'1' | b'2'] => Severity::RejectFile,
                [b'W', ..] => Severity::Warning,
                [b'P', ..] => Severity::Refuse,
                _ => Severity::RejectRecord,
            };
            assert_eq!(severity, expected, "{}", code.as_str());
        }
    }

    #[test]
    fn a_finding_without_item_or_with_a_smaller_one_comes_first() {
        let of = |code, item| Finding {
            code,
            item,
            place: None,
        };
        let mut findings = [
            of(Code::L111, None),
            of(Code::L110, Some(9)),
            of(Code::L110, Some(2)),
            of(Code::C001, None),
        ];
        findings.sort_unstable();
        assert_eq!(
            findings.map(|finding| (finding.code, finding.item)),
            [
                (Code::C001, None),
                (Code::L110, Some(2)),
                (Code::L110, Some(9)),
                (Code::L111, None)
            ]
        );
    }
}
