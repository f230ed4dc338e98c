//! What can stop a command, as a table: id, exit class, words in both languages, what to do next.
//!
//! Findings on records and files are in `finding`; here is what an operator meets at the command line.
//! A place in braces is filled from the fault's arguments.

use std::fmt;

/// What the operator has to do next; each class has one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// 0: everything was done.
    Done,
    /// 1: done; some records were rejected and go back to their senders.
    DoneWithRejections,
    /// 2: the command line is wrong.
    Usage,
    /// 3: done; at least one file is held and waits for a decision.
    Held,
    /// 4: the input is refused; correct it and try again.
    Refused,
    /// 5: the keys of the site are missing, locked or not protected.
    Locked,
    /// 6: another process works on this site.
    Busy,
    /// 7: the disk or a folder could not be used.
    Storage,
    /// 8: stored data are not what was written.
    Integrity,
    /// 9: the store was written by a newer program.
    Newer,
    /// 10: the device could not make durable what was written; nothing was written after that.
    Fatal,
    /// 70: a fault of the program itself.
    Internal,
}

impl Class {
    /// All classes, in the order of their exit codes.
    pub const ALL: [Self; 12] = [
        Self::Done,
        Self::DoneWithRejections,
        Self::Usage,
        Self::Held,
        Self::Refused,
        Self::Locked,
        Self::Busy,
        Self::Storage,
        Self::Integrity,
        Self::Newer,
        Self::Fatal,
        Self::Internal,
    ];

    /// The process exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::DoneWithRejections => 1,
            Self::Usage => 2,
            Self::Held => 3,
            Self::Refused => 4,
            Self::Locked => 5,
            Self::Busy => 6,
            Self::Storage => 7,
            Self::Integrity => 8,
            Self::Newer => 9,
            Self::Fatal => 10,
            Self::Internal => 70,
        }
    }
}

/// Language of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

/// The words of one fault.
#[derive(Debug, Clone, Copy)]
pub struct FaultRow {
    /// Exit class.
    pub class: Class,
    /// What happened, English.
    pub en: &'static str,
    /// What happened, Japanese.
    pub ja: &'static str,
    /// What to do, English.
    pub todo_en: &'static str,
    /// What to do, Japanese.
    pub todo_ja: &'static str,
}

macro_rules! faults {
    ($($id:ident $class:ident $en:literal $ja:literal $todo_en:literal $todo_ja:literal;)*) => {
        /// Id of a fault, as it stands in messages and JSON.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultId { $(#[doc = $en] $id,)* }
        impl FaultId {
            /// Every id.
            pub const ALL: &'static [Self] = &[$(Self::$id,)*];
            /// The id's row of the table.
            pub const fn row(self) -> &'static FaultRow {
                match self { $(Self::$id => &FaultRow {
                    class: Class::$class, en: $en, ja: $ja, todo_en: $todo_en, todo_ja: $todo_ja,
                },)* }
            }
        }
    };
}

faults! {
    UsageWrong Usage "the command line is wrong: {why}" "コマンドの指定が誤っています: {why}"
        "see `sekisho help {command}`" "`sekisho help {command}` を見てください";
    DateWrong Usage "{value} is not a date" "{value} は日付ではありません"
        "give the date as YYYY-MM-DD" "YYYY-MM-DD の形で指定してください";
    InstantWrong Usage "{value} is not a point in time" "{value} は日時ではありません"
        "give YYYY-MM-DD, YYYY-MM-DDThh:mm:ss[.mmm] or 17 digits" "YYYY-MM-DD、YYYY-MM-DDThh:mm:ss[.mmm]、17桁の数字のいずれかで指定してください";
    CodeWrong Usage "the argument is not a resident record code" "引数は住民票コードではありません"
        "give 11 digits with the right check digit" "検査数字の正しい11桁を指定してください";
    SiteMissing Usage "{path} is not a site: there is no sekisho.toml" "{path} はサイトではありません（sekisho.toml がありません）"
        "give --site DIR, or make a site with `sekisho init DIR`" "--site DIR を指定するか、`sekisho init DIR` で作成してください";
    SiteExists Refused "{path} exists and is not empty" "{path} は既にあり、空ではありません"
        "choose another folder" "別のフォルダを指定してください";
    ConfigWrong Refused "{path} line {line} column {column}: {why}" "{path} {line}行 {column}桁: {why}"
        "correct the setting" "設定を直してください";
    RegisterWrong Refused "{path} line {line}: {why}" "{path} {line}行: {why}"
        "correct the line and import again; nothing was taken" "行を直してもう一度取り込んでください。何も取り込んでいません";
    PartyUnknown Refused "party {party} is not registered" "団体 {party} は登録されていません"
        "see `sekisho party list`" "`sekisho party list` で確かめてください";
    PartyNotActive Refused "party {party} is not active on {date}" "団体 {party} は {date} に有効ではありません"
        "see `sekisho party list`" "`sekisho party list` で確かめてください";
    PartyKeyMissing Refused "party {party} has no sealing key: nothing can be sealed for it" "団体 {party} の封緘鍵が登録されていません"
        "register it with `sekisho party key {party} --sealing KEY`, then run again" "`sekisho party key {party} --sealing KEY` で登録し、もう一度実行してください";
    FileUnreadable Storage "{path} could not be read: {why}" "{path} を読めません: {why}"
        "check that it exists and its permissions" "ファイルの有無と権限を確かめてください";
    DiskFailed Storage "{path}: {why}" "{path}: {why}"
        "check the disk and its free space, then run again: the run recovers by itself" "ディスクと空き容量を確かめ、もう一度実行してください（自動的に回復します）";
    DiskFull Storage "{path}: the disk or the quota is full ({why}); bytes free: {free}"
        "{path}: ディスクまたは割当量がいっぱいです（{why}）。空き {free} バイト"
        "make room (`sekisho gen prune` removes leftovers), then run again: the run recovers by itself. Commands that only show work meanwhile"
        "空きを作り（`sekisho gen prune` で残骸を削除できます）、もう一度実行してください（自動的に回復します）。表示だけのコマンドはそのまま使えます";
    RoomMissing Storage "{path}: {needed} bytes of room are needed, {free} are free; nothing was begun"
        "{path}: {needed} バイトの空きが必要ですが、{free} バイトしかありません。処理は始めていません"
        "make room (`sekisho gen prune` removes leftovers), then run again. Commands that only show work meanwhile"
        "空きを作り（`sekisho gen prune` で残骸を削除できます）、もう一度実行してください。表示だけのコマンドはそのまま使えます";
    FsyncFailed Fatal "{path}: the device did not confirm what was written ({why}). Whether it is on the disk is unknown; nothing was written after it; what was confirmed before stands"
        "{path}: 装置が書き込みを保証しませんでした（{why}）。ディスクにあるかどうかは不明です。その後は何も書いていません。それまでに確定したものは変わりません"
        "look at the device (system log, self-test), then run again: the next run recovers by itself"
        "装置を点検し（システムログ、自己診断）、その後にもう一度実行してください（自動的に回復します）";
    SiteBusy Busy "another process works on this site" "他のプロセスがこのサイトを処理中です"
        "wait for it to end and try again" "終わるのを待って、もう一度実行してください";
    KeysMissing Locked "the key file {path} is missing" "鍵ファイル {path} がありません"
        "put the key file back from its safe copy; without it nothing can be opened" "保管している写しから戻してください。これなしには何も開けません";
    KeysExposed Locked "{path} can be read by group or others (mode {mode})" "{path} を所有者以外も読めます（モード {mode}）"
        "chmod 600, and think about who may have read it" "chmod 600 を行い、読まれた可能性を検討してください";
    KeysLocked Locked "the key file {path} cannot be opened with what was given" "鍵ファイル {path} は与えられた鍵・合言葉では開けません"
        "check the passphrase or the unlock key file" "合言葉または解錠鍵を確かめてください";
    KeysDamaged Integrity "the key file {path} is damaged: {why}" "鍵ファイル {path} は壊れています: {why}"
        "put back a safe copy" "保管している写しから戻してください";
    StoreDamaged Integrity "{object}: {why}" "{object}: {why}"
        "do not run again; call the administrator and `sekisho gen verify --full`" "再実行せず、管理者に連絡し `sekisho gen verify --full` を行ってください";
    StoreNewer Newer "{object} was written by a newer program (version {version})" "{object} は新しい版（{version}）のプログラムで書かれています"
        "use that program" "その版のプログラムを使ってください";
    LedgerDamaged Integrity "ledger: {why}" "台帳: {why}"
        "do not run again; call the administrator and `sekisho ledger verify`" "再実行せず、管理者に連絡し `sekisho ledger verify` を行ってください";
    LedgerRolledBack Integrity "the ledger was put back to an earlier state: this site's ledger has {has} leaves in log {log}, the witness {path} saw {saw} in log {sawlog}"
        "台帳が以前の状態に戻されています: 台帳 {log} は {has} 件ですが、{path} は台帳 {sawlog} の {saw} 件を確認しています"
        "do not run again; call the administrator: leaves were lost, and with them acts" "再実行せず、管理者に連絡してください（記録が失われています）";
    LedgerForked Integrity "the ledger was written anew: log {log} differs from what the witness {path} saw ({saw} leaves); forked at a leaf from {from} to {to}"
        "台帳が書き換えられています: 台帳 {log} は {path} が確認した {saw} 件と異なります（{from} 番から {to} 番の間で分岐）"
        "do not run again; call the administrator: the signing key of the ledger was misused" "再実行せず、管理者に連絡してください（台帳の署名鍵が悪用されています）";
    WitnessWrong Refused "{path} is no witness of this ledger: {why}" "{path} はこの台帳のチェックポイントではありません: {why}"
        "give a checkpoint of `sekisho ledger checkpoint`, or a .tlog-proof file, of this site" "このサイトの `sekisho ledger checkpoint` の出力か .tlog-proof ファイルを指定してください";
    RegisterDamaged Integrity "the register {path} is not the one that the ledger names" "登録簿 {path} が台帳の記録と一致しません"
        "do not run again; call the administrator" "再実行せず、管理者に連絡してください";
    StagingLost Integrity "the ledger says that commit {commit} was decided, but its staged objects are missing: {why}"
        "台帳では確定 {commit} が済んでいますが、準備済みのデータがありません: {why}"
        "do not run again; call the administrator" "再実行せず、管理者に連絡してください";
    DateBackward Refused "business date {date} is before the newest one on record ({newest})" "業務日 {date} は記録済みの最新の業務日（{newest}）より前です"
        "give a business date not before it" "それ以降の業務日を指定してください";
    SumsWrong Internal "the sums of the run do not add up: {why}" "処理の件数が一致しません: {why}"
        "nothing was committed; report this with the ledger's last leaves" "何も確定していません。台帳の末尾とともに報告してください";
    RecordTooLarge Internal "a record exceeds what the store can hold" "レコードが格納できる大きさを超えています"
        "report this" "報告してください";
    HeldUnknown Usage "no held file has the id {id}" "保留ファイル {id} はありません"
        "see `sekisho held list`" "`sekisho held list` で確かめてください";
    HeldNotReleasable Refused "{id} is held for {code}: it cannot be released" "{id} は {code} で保留されており、解除できません"
        "{hint}" "{hint}";
    GenerationUnknown Usage "there is no generation {generation}" "世代 {generation} はありません"
        "see `sekisho gen list`" "`sekisho gen list` で確かめてください";
    NothingFound Refused "nothing is stored under this code" "この住民票コードの記録はありません"
        "check the code" "コードを確かめてください";
    NothingThen Refused "at {instant} nothing was known of this code yet" "{instant} の時点では、この住民票コードの記録はありません"
        "`sekisho master history CODE` shows from when on" "`sekisho master history CODE` でいつからかを確かめてください";
    LeafUnknown Usage "the ledger has no leaf {index}" "台帳に {index} 番の記録はありません"
        "see `sekisho ledger list`" "`sekisho ledger list` で確かめてください";
    LogUnknown Usage "the ledger has no log {log}" "台帳に年度 {log} はありません"
        "`sekisho ledger verify` names the years" "`sekisho ledger verify` が年度の一覧を示します";
    LayoutWrong Refused "{path} line {line} column {column}: {why}" "{path} {line}行 {column}桁: {why}"
        "correct the layout; `sekisho layout lint` lists every fault" "様式定義を直してください。`sekisho layout lint` が全件を示します";
    GaijiWrong Refused "{path} line {line}: {why}" "{path} {line}行: {why}"
        "correct the gaiji table" "外字表を直してください";
    FileNotExchange Refused "{path}: {code}: {why}" "{path}: {code}: {why}"
        "correct the file" "ファイルを直してください";
    KindNotExplained Refused "{path} is a file of kind {kind}; only change notices (UPD) are explained"
        "{path} は {kind} のファイルです。説明できるのは異動通知（UPD）だけです"
        "give the UPD file" "UPD ファイルを指定してください";
    RecordUnknown Usage "{path} has no record {record}" "{path} に {record} 番のレコードはありません"
        "records count from 1" "レコード番号は1からです";
    FieldUnreadable Refused "{path}: record {record}, field {field} at byte {at}: {code}"
        "{path}: レコード {record}、項目 {field}（{at} バイト目）: {code}"
        "see `sekisho check`, or take the file as it is with --out" "`sekisho check` で確かめるか、--out でそのまま取り出してください";
    PackageOther Refused "{path} is not a package" "{path} は封緘ファイルではありません"
        "give the .seki file as it was received" "受け取ったままの .seki ファイルを指定してください";
    PackageVersion Newer "{path} is a package of a version that this program does not know" "{path} はこのプログラムの知らない版の封緘ファイルです"
        "use a newer program" "新しい版のプログラムを使ってください";
    PackageHeader Refused "{path}: the header is damaged: {why}" "{path}: ヘッダが壊れています: {why}"
        "fetch the file again, or ask the sender for it" "もう一度受け取るか、送信元に再送を依頼してください";
    PackageNotForUs Refused "{path} is sealed for {recipients}, not for {owner}" "{path} は {recipients} 宛てに封緘されており、{owner} の鍵では開けません"
        "give the key file of a recipient; if it should have been yours, ask the sender to seal it to your present key"
        "宛先の鍵ファイルを指定してください。自団体宛てのはずなら、現在の公開鍵で封緘し直すよう送信元に依頼してください";
    PackageManifest Refused "{path}: the manifest is damaged" "{path}: 明細が壊れています"
        "fetch the file again, or ask the sender for it" "もう一度受け取るか、送信元に再送を依頼してください";
    PackageSignature Refused "{path}: the signature of {sender} is wrong" "{path}: {sender} の署名が正しくありません"
        "do not use the file; ask {sender} by telephone" "このファイルは使わず、{sender} に電話で確認してください";
    PackageSigner Refused "{path} is signed by no key that is known of {sender}" "{path} は {sender} の鍵として登録されていない鍵で署名されています"
        "compare the signing key with {sender} by telephone; it may have been changed" "署名鍵が変更されていないか、{sender} に電話で確認してください";
    PackageResealed Refused "{path}: the content is not what {sender} signed: somebody sealed it anew" "{path}: 内容が {sender} の署名と一致しません（封緘し直されています）"
        "do not use the file; ask {sender} by telephone" "このファイルは使わず、{sender} に電話で確認してください";
    PackageLength Refused "{path} has {got} bytes instead of {want}" "{path} は {got} バイトですが、{want} バイトでなければなりません"
        "fetch the file again, or ask the sender for it" "もう一度受け取るか、送信元に再送を依頼してください";
    PackageSegment Refused "{path}: the payload is damaged in segment {segment} (the first is 0)" "{path}: 本文の区画 {segment}（最初は0）が壊れています"
        "fetch the file again, or ask the sender for it" "もう一度受け取るか、送信元に再送を依頼してください";
    SenderKeyMissing Refused "no signing key of {sender} is known, so nobody can say who made {path}" "{sender} の署名鍵が登録されておらず、{path} の作成者を確かめられません"
        "get the key from {sender} by another way, then give --sender-key or keep it with `sekisho key trust`"
        "別の手段で {sender} から鍵を受け取り、--sender-key で指定するか `sekisho key trust` で登録してください";
    TrustWrong Refused "{path} line {line}: {why}" "{path} {line}行: {why}"
        "correct the line: PARTY, a blank, the signing key" "「団体ID 署名鍵」の形に直してください";
    KeyTextWrong Usage "{what} is no key: {why}" "{what} は鍵ではありません: {why}"
        "give the text as `sekisho key show` prints it" "`sekisho key show` の表示どおりに指定してください";
    PublicKeysMissing Refused "{path} is missing or damaged: {why}" "{path} がないか、壊れています: {why}"
        "write it again with `sekisho key list --publish`" "`sekisho key list --publish` で作り直してください";
    PassphraseShort Refused "the passphrase has fewer than {least} characters" "合言葉が {least} 文字より短いです"
        "choose a longer one" "もっと長い合言葉にしてください";
    PassphraseDiffers Refused "the two passphrases differ" "2回の合言葉が一致しません"
        "try again" "もう一度行ってください";
    TerminalMissing Locked "there is no terminal to ask for the passphrase" "合言葉を尋ねる端末がありません"
        "run it at a terminal" "端末から実行してください";
    SealFailed Refused "{path} cannot be sealed: {why}" "{path} を封緘できません: {why}"
        "correct it and try again" "直してもう一度行ってください";
    NotText Refused "what {path} holds is no text" "{path} の中身は文字ではありません"
        "take it with --out" "--out で取り出してください";
    InboundChanged Busy "a file in {path} changed while the plan was made" "計画の作成中に {path} のファイルが変わりました"
        "plan again" "もう一度計画を作ってください";
    OutputExists Refused "{path} exists" "{path} は既にあります"
        "choose another name" "別の名前を指定してください";
    OutputFailed Storage "the result could not be printed: {why}" "結果を出力できません: {why}"
        "check where the output goes" "出力先を確かめてください";
    Bug Internal "internal fault: {why}" "内部エラー: {why}"
        "report this" "報告してください";
}

/// Stands for what was typed and is not repeated.
pub const HIDDEN: &str = "…";

/// True for what can be repeated although nobody knows what it is: a plain word of ASCII letters, as options, commands and
/// their choices are, or digits and signs too few for a 住民票コード (11) or a 個人番号 (12).
pub fn is_harmless(typed: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphabetic() || b == b'-' || b == b'_';
    let figure = |b: u8| b.is_ascii_digit() || b == b'-' || b == b'.';
    typed.len() <= 32 && typed.bytes().all(word) || typed.len() <= 10 && typed.bytes().all(figure)
}

/// What was typed where it [is harmless](is_harmless), else [`HIDDEN`].
pub fn shown(typed: &str) -> &str {
    if is_harmless(typed) { typed } else { HIDDEN }
}

/// A fault with its arguments. It never carries personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which fault.
    pub id: FaultId,
    args: Vec<(&'static str, String)>,
}

impl Fault {
    /// A fault without arguments yet.
    pub fn new(id: FaultId) -> Self {
        Self { id, args: Vec::new() }
    }

    /// Adds an argument for a place in the words.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// Adds an argument as it was typed, if it cannot be about a person; else [`HIDDEN`].
    #[must_use]
    pub fn with_typed(self, name: &'static str, typed: impl fmt::Display) -> Self {
        self.with(name, shown(&typed.to_string()))
    }

    /// The exit class.
    pub fn class(&self) -> Class {
        self.id.row().class
    }

    /// The arguments, for JSON.
    pub fn args(&self) -> &[(&'static str, String)] {
        &self.args
    }

    /// What happened.
    pub fn what(&self, lang: Lang) -> String {
        self.fill(match lang {
            Lang::Ja => self.id.row().ja,
            Lang::En => self.id.row().en,
        })
    }

    /// What to do.
    pub fn todo(&self, lang: Lang) -> String {
        self.fill(match lang {
            Lang::Ja => self.id.row().todo_ja,
            Lang::En => self.id.row().todo_en,
        })
    }

    /// Fills the places in one pass: a value is never taken for words with a place of their own.
    fn fill(&self, words: &str) -> String {
        let mut text = String::with_capacity(words.len());
        let mut rest = words;
        while let Some((before, behind)) = rest.split_once('{') {
            text.push_str(before);
            let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
            match self.args.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => push_shown(&mut text, value),
                None => text.extend(["{", name, "}"]),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// True for a character that acts on the terminal it is printed on, or turns the text around it: control characters and
/// those that embed, override or isolate a direction (Unicode Standard Annex 9).
pub fn acts_on_terminals(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Appends a value that may come from a file, with what would act on a terminal written as its number.
fn push_shown(text: &mut String, value: &str) {
    for character in value.chars() {
        if acts_on_terminals(character) {
            text.extend(character.escape_unicode());
        } else {
            text.push(character);
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.id, self.what(Lang::En))
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(words: &str) -> Vec<&str> {
        let mut found: Vec<&str> = words
            .split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn both_languages_say_the_same_with_the_same_places() {
        for id in FaultId::ALL {
            let row = id.row();
            assert_eq!(places(row.en), places(row.ja), "{id:?}");
            assert_eq!(places(row.todo_en), places(row.todo_ja), "{id:?}");
            assert!(!row.en.is_empty() && (!row.ja.is_ascii() || row.en == row.ja), "{id:?}");
        }
    }

    #[test]
    fn exit_codes_differ() {
        let mut codes: Vec<u8> = Class::ALL.into_iter().map(Class::exit_code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Class::ALL.len());
    }

    #[test]
    fn what_may_be_about_a_person_is_not_repeated() {
        for harmless in [
            "",
            "tomorrow",
            "--business-date",
            "2020-02-30",
            "0123456789",
            "-1",
            "2020.1",
        ] {
            assert!(is_harmless(harmless), "{harmless}");
        }
        for hidden in [
            "24727059608",
            "379474484458",
            "佐藤",
            "ｻﾄｳ",
            "x1",
            "a b",
            "2020-02-30T00:00:00",
            "abcdefghijklmnopqrstuvwxyzabcdefg",
        ] {
            assert!(!is_harmless(hidden), "{hidden}");
            let fault = Fault::new(FaultId::DateWrong).with_typed("value", hidden);
            assert_eq!(fault.what(Lang::En), "… is not a date");
        }
        let fault = Fault::new(FaultId::GenerationUnknown).with_typed("generation", 9_999_999_999_u64);
        assert_eq!(fault.what(Lang::En), "there is no generation 9999999999");
    }

    #[test]
    fn places_are_filled() {
        let fault = Fault::new(FaultId::DateWrong).with("value", "2020-02-31");
        assert_eq!(fault.what(Lang::En), "2020-02-31 is not a date");
        assert_eq!(fault.class(), Class::Usage);
    }

    #[test]
    fn a_value_does_not_act_on_the_terminal_and_is_no_place() {
        let fault = Fault::new(FaultId::ConfigWrong)
            .with("path", "{why}")
            .with("line", 1)
            .with("column", 2)
            .with("why", "unknown field `\u{1b}[2J\u{202e}`");
        assert_eq!(
            fault.what(Lang::En),
            "{why} line 1 column 2: unknown field `\\u{1b}[2J\\u{202e}`"
        );
    }
}
