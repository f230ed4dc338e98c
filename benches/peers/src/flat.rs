//! Records of the peers: 28 fields of fixed width, and the checks that every peer makes on a notice.
//!
//! Text is padded with ASCII blanks. In a notice the three wide fields are CP932, in the register UTF-8.

/// Widths in the register (UTF-8), bytes.
pub const UTF8_WIDTHS: [usize; 28] = [
    11, 36, 48, 8, 1, 180, 12, 2, 8, 6, 9, 10, 8, 8, 14, 1, 1, 1, 6, 7, 6, 8, 8, 8, 1, 4, 4, 4,
];
/// Widths in a notice (CP932), bytes.
pub const CP932_WIDTHS: [usize; 28] = [
    11, 24, 32, 8, 1, 120, 12, 2, 8, 6, 9, 10, 8, 8, 14, 1, 1, 1, 6, 7, 6, 8, 8, 8, 1, 4, 4, 4,
];
/// Bytes of a record of the register, without its line end.
pub const UTF8_BYTES: usize = 420;
/// Bytes of the record in a notice.
pub const CP932_BYTES: usize = 332;
/// Bytes of the head of a notice: eight digits of its number and one letter of its kind.
pub const HEAD_BYTES: usize = 9;
/// Bytes of a notice, line end included.
pub const NOTICE_BYTES: usize = HEAD_BYTES + CP932_BYTES + 1;

/// 住民票コード.
pub const CODE: usize = 0;
/// Name in kanji.
pub const NAME: usize = 1;
/// Name in kana.
pub const KANA: usize = 2;
/// Birth date, eight digits.
pub const BIRTH: usize = 3;
/// Sex.
pub const SEX: usize = 4;
/// Address.
pub const ADDRESS: usize = 5;
/// 個人番号.
pub const NUMBER: usize = 6;
/// Date of the change.
pub const CHANGED: usize = 8;
/// Code of the municipality.
pub const TOWN: usize = 9;
/// Version of the record: 0001 as loaded, 0002 as changed.
pub const VERSION: usize = 25;
/// How often the record was changed.
pub const CHANGES: usize = 26;

const fn starts(widths: &[usize; 28]) -> [usize; 29] {
    let mut starts = [0; 29];
    let mut at = 0;
    while at < 28 {
        starts[at + 1] = starts[at] + widths[at];
        at += 1;
    }
    starts
}

/// Where the fields of a register record begin; the last is the length.
pub const UTF8_STARTS: [usize; 29] = starts(&UTF8_WIDTHS);
/// Where the fields of a notice's record begin.
pub const CP932_STARTS: [usize; 29] = starts(&CP932_WIDTHS);

/// A field of a register record, with its padding.
pub fn field(record: &[u8], at: usize) -> &[u8] {
    &record[UTF8_STARTS[at]..UTF8_STARTS[at + 1]]
}

/// Text without its padding.
pub fn trimmed(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1)]
}

/// The eleven digits of the code as a number; a wrong code gives some number.
pub fn key(record: &[u8]) -> u64 {
    record[..11].iter().fold(0, |sum, byte| {
        sum.wrapping_mul(10).wrapping_add(u64::from(byte.wrapping_sub(b'0')))
    })
}

/// Check digit of a body, weights 2 to 7 from its lowest digit and 2 again.
pub fn check_digit(body: &[u8]) -> u8 {
    let sum: u32 = body
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    match sum % 11 {
        0 | 1 => b'0',
        rest => b'0' + (11 - rest) as u8,
    }
}

fn number_holds(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_digit)
        && digits
            .split_last()
            .is_some_and(|(last, body)| *last == check_digit(body))
}

fn date_holds(digits: &[u8]) -> bool {
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value = |from: usize, to: usize| digits[from..to].iter().fold(0, |sum, d| sum * 10 + u32::from(d - b'0'));
    let (year, month, day) = (value(0, 4), value(4, 6), value(6, 8));
    year >= 1868 && (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day)
}

/// Days of a month.
pub fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Decodes a notice's record; false where its text is not CP932 or too long.
pub fn decode(notice: &[u8], record: &mut [u8; UTF8_BYTES]) -> bool {
    for at in 0..28 {
        let from = &notice[CP932_STARTS[at]..CP932_STARTS[at + 1]];
        let to = &mut record[UTF8_STARTS[at]..UTF8_STARTS[at + 1]];
        if from.len() == to.len() {
            to.copy_from_slice(from);
            continue;
        }
        let (text, wrong) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(trimmed(from));
        if wrong || text.len() > to.len() {
            return false;
        }
        to[..text.len()].copy_from_slice(text.as_bytes());
        to[text.len()..].fill(b' ');
    }
    true
}

/// What is wrong with a notice by itself: 0, or the code of the result.
pub fn wrong_by_itself(record: &[u8]) -> u8 {
    if !number_holds(field(record, CODE)) {
        11
    } else if !number_holds(field(record, NUMBER)) {
        12
    } else if !date_holds(field(record, BIRTH)) {
        13
    } else if !date_holds(field(record, CHANGED)) {
        14
    } else {
        0
    }
}

/// What is wrong with a notice of a kind against the register's record: 0, or the code of the result.
pub fn wrong_against(kind: u8, old: Option<&[u8]>, new: &[u8]) -> u8 {
    let Some(old) = old else {
        return if kind == b'I' { 0 } else { 22 };
    };
    let same = |at: usize| field(old, at) == field(new, at);
    match kind {
        b'I' => 21,
        b'A' if ![NAME, KANA, BIRTH, SEX, NUMBER].into_iter().all(same) => 31,
        b'N' if ![BIRTH, SEX, ADDRESS, NUMBER].into_iter().all(same) => 32,
        _ => 0,
    }
}

/// Sets version and count of a record that was taken.
pub fn mark_changed(old: Option<&[u8]>, record: &mut [u8]) {
    record[UTF8_STARTS[VERSION]..UTF8_STARTS[VERSION + 1]].copy_from_slice(b"0002");
    let changes = old.map_or(0, |old| {
        field(old, CHANGES)
            .iter()
            .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
            + 1
    });
    record[UTF8_STARTS[CHANGES]..UTF8_STARTS[CHANGES + 1]].copy_from_slice(format!("{changes:04}").as_bytes());
}

/// Bytes of a condition of an inquiry: eight digits of its number, kind, code, number, name in CP932, birth date, sex.
pub const CONDITION_BYTES: usize = 8 + 1 + 11 + 12 + 24 + 8 + 1 + 1;

/// One condition of an inquiry, its fields without padding.
pub struct Asked<'a> {
    /// Its number.
    pub id: &'a [u8],
    /// 1 code, 2 number, 3 name with birth date and sex.
    pub kind: u8,
    /// 住民票コード.
    pub code: &'a [u8],
    /// 個人番号.
    pub number: &'a [u8],
    /// Name in kanji.
    pub name: String,
    /// Birth date.
    pub birth: &'a [u8],
    /// Sex.
    pub sex: &'a [u8],
}

impl<'a> Asked<'a> {
    /// Cuts a condition.
    pub fn of(line: &'a [u8]) -> Self {
        let name = encoding_rs::SHIFT_JIS
            .decode_without_bom_handling(trimmed(&line[32..56]))
            .0;
        Self {
            id: &line[..8],
            kind: line[8],
            code: &line[9..20],
            number: &line[20..32],
            name: name.into_owned(),
            birth: &line[56..64],
            sex: &line[64..65],
        }
    }
}

/// Writes the answer to a condition: its number, 10 and the record where one person fits, 20 where nobody does, 30 where
/// more do; the number of them.
pub fn write_answer(out: &mut impl std::io::Write, id: &[u8], hits: usize, first: &[u8]) -> std::io::Result<()> {
    let outcome = match hits {
        0 => 20,
        1 => 10,
        _ => 30,
    };
    out.write_all(id)?;
    write!(out, "{outcome}{hits:08}")?;
    if hits == 1 {
        out.write_all(first)?;
    }
    out.write_all(b"\n")
}

/// Writes what an extract's record and the register's have that differs: code, D, the numbers of the fields; nothing
/// where they are the same.
pub fn write_difference(out: &mut impl std::io::Write, old: &[u8], new: &[u8]) -> std::io::Result<()> {
    if old == new {
        return Ok(());
    }
    out.write_all(&old[..11])?;
    out.write_all(b" D")?;
    for at in 0..28 {
        if field(old, at) != field(new, at) {
            write!(out, " {}", at + 1)?;
        }
    }
    out.write_all(b"\n")
}

/// The notices of a file, as a whole in memory, and their order by code.
pub struct Notices {
    bytes: Vec<u8>,
    /// Code and number of each, sorted.
    pub by_code: Vec<(u64, u32)>,
}

impl Notices {
    /// Reads the file.
    pub fn read(path: &std::path::Path) -> std::io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let count = (bytes.len() / NOTICE_BYTES) as u32;
        let mut notices = Self {
            bytes,
            by_code: Vec::new(),
        };
        notices.by_code = (0..count).map(|at| (key(notices.record(at)), at)).collect();
        notices.by_code.sort_unstable();
        Ok(notices)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_code.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.by_code.is_empty()
    }

    /// All of a notice but its line end.
    pub fn whole(&self, at: u32) -> &[u8] {
        &self.bytes[at as usize * NOTICE_BYTES..][..NOTICE_BYTES - 1]
    }

    /// Its record.
    pub fn record(&self, at: u32) -> &[u8] {
        &self.whole(at)[HEAD_BYTES..]
    }

    /// Its kind: I entry, A address, N name, R removal.
    pub fn kind(&self, at: u32) -> u8 {
        self.whole(at)[HEAD_BYTES - 1]
    }

    /// Writes `result.txt` (number, kind, code, result) and `reject.txt` (result, notice), durably.
    pub fn write_results(&self, folder: &std::path::Path, results: &[u8]) -> std::io::Result<()> {
        use std::io::Write as _;
        let mut answers = create(&folder.join("result.txt"))?;
        let mut refused = create(&folder.join("reject.txt"))?;
        for (at, result) in (0..).zip(results) {
            let notice = self.whole(at);
            answers.write_all(&notice[..HEAD_BYTES + 11])?;
            writeln!(answers, "{result:02}")?;
            if *result != 0 {
                write!(refused, "{result:02}")?;
                refused.write_all(notice)?;
                refused.write_all(b"\n")?;
            }
        }
        close(answers)?;
        close(refused)
    }
}

/// A new file with a large buffer.
pub fn create(path: &std::path::Path) -> std::io::Result<std::io::BufWriter<std::fs::File>> {
    Ok(std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?))
}

/// Writes the rest and makes the file durable.
pub fn close(file: std::io::BufWriter<std::fs::File>) -> std::io::Result<()> {
    file.into_inner()
        .map_err(std::io::IntoInnerError::into_error)?
        .sync_all()
}
