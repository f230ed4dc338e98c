//! `sekisho master show|history|as-of|export|stats`: records of the master. What is printed is personal data.

use std::io::{BufRead as _, Read as _};
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::generation::{table_head, table_name};
use super::machine::with_site;
use super::show::Out;
use crate::domain::entry::{Entry, Standing, Version};
use crate::domain::fault::{Class, Fault, FaultId, Lang};
use crate::domain::ids::JuminCode;
use crate::domain::instant::Instant;
use crate::domain::item::Item;
use crate::domain::municipality::Prefecture;
use crate::domain::row::Row;
use crate::report::record;
use crate::run::master::{self, Chapter, Size, What};
use crate::run::site::Access;

/// Commands on records.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show the record of a code: state and 28 items (記録の表示)
    Show {
        /// Resident record code, 11 digits; - reads it from standard input
        code: String,
        /// In this generation instead of the newest
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
    /// Show all versions of a person, the newest first, former codes included (履歴の表示)
    History {
        /// Resident record code, 11 digits, any of the person's; - reads it from standard input
        code: String,
        /// Show the 28 items of each version
        #[arg(long)]
        full: bool,
        /// In this generation instead of the newest
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
    /// Show what a code was at an instant, by item 18 (過去時点の記録)
    AsOf {
        /// Resident record code, 11 digits; - reads it from standard input
        code: String,
        /// YYYY-MM-DD (the end of that day), YYYY-MM-DDThh:mm:ss[.mmm] or 17 digits
        instant: String,
        /// In this generation instead of the newest
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
    /// Write a table as CSV (CSV出力)
    Export {
        /// rows: state and 28 items; retired: retired codes; history: number of versions by code
        #[arg(long, value_enum, default_value_t = Table::Rows)]
        what: Table,
        /// Of this generation instead of the newest
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
        /// New file, mode 0600; default standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show counts and sizes (件数と容量)
    Stats {
        /// Of this generation instead of the newest
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
}

/// A table to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Table {
    /// State and 28 items.
    Rows,
    /// Retired codes.
    Retired,
    /// Number of versions by code.
    History,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    match command {
        Command::Show { code, generation } => {
            let code = master::code(&typed_code(code)?)?;
            with_site(cli, surroundings, Access::Read, |site| {
                let entry = master::show(site, *generation, code)?;
                show(&entry, &site.prefecture, out)
            })?;
        }
        Command::History { code, full, generation } => {
            let code = master::code(&typed_code(code)?)?;
            with_site(cli, surroundings, Access::Read, |site| {
                let chapters = master::history(site, *generation, code)?;
                history(&chapters, *full, &site.prefecture, out)
            })?;
        }
        Command::AsOf {
            code,
            instant,
            generation,
        } => {
            let (code, at) = (master::code(&typed_code(code)?)?, master::instant(instant)?);
            with_site(cli, surroundings, Access::Read, |site| {
                let standing = master::as_of(site, *generation, code, at)?;
                as_of(code, at, &standing, &site.prefecture, out)
            })?;
        }
        Command::Export {
            what,
            generation,
            out: file,
        } => {
            let what = match what {
                Table::Rows => What::Rows,
                Table::Retired => What::Retired,
                Table::History => What::History,
            };
            with_site(cli, surroundings, Access::Read, |site| match file {
                None => master::export(site, *generation, what, out.sink()).map(|_| ()),
                Some(path) => {
                    let rows = master::export_to(site, *generation, what, path)?;
                    show_written(path, rows, out)
                }
            })?;
        }
        Command::Stats { generation } => {
            let size = with_site(cli, surroundings, Access::Read, |site| master::size(site, *generation))?;
            stats(&size, out)?;
        }
    }
    Ok(Class::Done)
}

/// The code as it was typed, or for `-` the first line of standard input: no list of processes shows that one.
fn typed_code(typed: &str) -> Result<Zeroizing<String>, Fault> {
    let mut code = Zeroizing::new(typed.to_owned());
    if typed == "-" {
        code.clear();
        // One more than the longest line that can be right, with its end; what is longer is no code.
        let mut input = std::io::stdin().lock().take(14);
        input.read_line(&mut code).map_err(|_| Fault::new(FaultId::CodeWrong))?;
        let len = code.trim_end_matches(['\r', '\n']).len();
        code.truncate(len);
    }
    Ok(code)
}

fn show_written(path: &std::path::Path, rows: u64, out: &mut Out) -> Result<(), Fault> {
    if out.is_json() {
        return out.json(&serde_json::json!({"path": path, "rows": rows}));
    }
    let text = match out.lang() {
        Lang::Ja => format!("{}: {rows} 行", path.display()),
        Lang::En => format!("{}: {rows} rows", path.display()),
    };
    out.line(&text)
}

/// The state in letters and words; a contradiction is shown as such.
fn state_of(standing: &Standing, lang: Lang) -> (&'static str, &'static str) {
    let contradiction = match lang {
        Lang::Ja => ("??", "状態不明"),
        Lang::En => ("??", "contradictory"),
    };
    record::state(standing, lang).unwrap_or(contradiction)
}

fn row_of(standing: &Standing) -> Option<&Row> {
    match standing {
        Standing::Resident(row) | Standing::Removed(row) => Some(row),
        Standing::Retired { .. } => None,
    }
}

fn target_of(standing: &Standing) -> Option<JuminCode> {
    match standing {
        Standing::Retired { target } => Some(*target),
        Standing::Resident(_) | Standing::Removed(_) => None,
    }
}

fn items_json(row: &Row) -> serde_json::Value {
    let items: serde_json::Map<String, serde_json::Value> = Item::ALL
        .into_iter()
        .map(|item| (item.row().name.to_owned(), row.get(item).into()))
        .collect();
    items.into()
}

fn standing_json(code: JuminCode, standing: &Standing) -> serde_json::Value {
    serde_json::json!({
        "code": code.text(), "state": state_of(standing, Lang::En).0, "new_code": target_of(standing).map(JuminCode::text),
        "items": row_of(standing).map(items_json),
    })
}

fn standing_line(code: JuminCode, standing: &Standing, out: &mut Out) -> Result<(), Fault> {
    let (letters, words) = state_of(standing, out.lang());
    let target = target_of(standing).map_or_else(String::new, |code| format!(" → {}", code.text()));
    out.line(&format!("{}  {letters} {words}{target}", code.text()))
}

fn items(row: &Row, prefecture: &Prefecture, out: &mut Out) -> Result<(), Fault> {
    let lang = out.lang();
    let rows: Vec<Vec<String>> = Item::ALL
        .into_iter()
        .map(|item| {
            let mut cells = vec![item.number().to_string(), item.row().ja.to_owned()];
            if lang == Lang::En {
                cells.push(item.row().en.to_owned());
            }
            cells.push(row.get(item).to_owned());
            cells.push(record::meaning(item, row, prefecture, lang).unwrap_or_default());
            cells
        })
        .collect();
    match lang {
        Lang::Ja => out.table(&["番号", "項目", "値", "意味"], &rows),
        Lang::En => out.table(&["no", "項目", "item", "value", "meaning"], &rows),
    }
}

fn show(entry: &Entry, prefecture: &Prefecture, out: &mut Out) -> Result<(), Fault> {
    if out.is_json() {
        let moved = entry.moved_out.map(|moved| {
            serde_json::json!({
                "municipality": moved.municipality.text(), "timestamp": moved.timestamp.to_string(),
                "confirmed": moved.confirmed,
            })
        });
        let mut value = standing_json(entry.code, &entry.standing);
        if let Some(facts) = value.as_object_mut() {
            facts.insert("former_code".to_owned(), entry.former.map(JuminCode::text).into());
            facts.insert("moved_out".to_owned(), moved.into());
            facts.insert("versions".to_owned(), entry.versions.into());
        }
        return out.json(&value);
    }
    standing_line(entry.code, &entry.standing, out)?;
    if let Some(former) = entry.former {
        let line = format!("{}: {}", out.say("旧コード", "former code"), former.text());
        out.line(&line)?;
    }
    if let Some(moved) = record::moved_out(entry, prefecture, out.lang()) {
        let line = format!("{}: {moved}", out.say("転出", "moved out"));
        out.line(&line)?;
    }
    let line = format!("{}: {}", out.say("旧版の数", "versions"), entry.versions);
    out.line(&line)?;
    match entry.row() {
        Some(row) => items(row, prefecture, out),
        None => Ok(()),
    }
}

fn as_of(
    code: JuminCode,
    at: Instant,
    standing: &Standing,
    prefecture: &Prefecture,
    out: &mut Out,
) -> Result<(), Fault> {
    if out.is_json() {
        let mut value = standing_json(code, standing);
        if let Some(facts) = value.as_object_mut() {
            facts.insert("as_of".to_owned(), at.to_string().into());
        }
        return out.json(&value);
    }
    let line = format!("{}: {}", out.say("時点", "as of"), record::clock(at));
    out.line(&line)?;
    standing_line(code, standing, out)?;
    match row_of(standing) {
        Some(row) => items(row, prefecture, out),
        None => Ok(()),
    }
}

fn history(chapters: &[Chapter], is_full: bool, prefecture: &Prefecture, out: &mut Out) -> Result<(), Fault> {
    if out.is_json() {
        let chapters: Vec<_> = chapters.iter().map(chapter_json).collect();
        return out.json(&chapters.into());
    }
    let lang = out.lang();
    let mut rows = Vec::new();
    for chapter in chapters {
        let code = chapter.entry.code.text();
        let (letters, _) = state_of(&chapter.entry.standing, lang);
        match (chapter.entry.row(), target_of(&chapter.entry.standing)) {
            (Some(row), _) => rows.push(version_cells(&code, letters, row, None, prefecture, lang)),
            (None, target) => {
                let target = target.map_or_else(String::new, |code| format!("→ {}", code.text()));
                rows.push(vec![code.clone(), letters.to_owned(), target]);
            }
        }
        for version in &chapter.versions {
            let number = version.number.to_string();
            rows.push(version_cells(
                &code,
                &number,
                &version.row,
                Some(version),
                prefecture,
                lang,
            ));
        }
    }
    let head = match lang {
        Lang::Ja => [
            "コード",
            "版",
            "異動事由",
            "タイムスタンプ",
            "市町村",
            "保存期間フラグ",
            "更新した通知",
        ],
        Lang::En => [
            "code",
            "version",
            "reason",
            "item 18",
            "municipality",
            "item 12",
            "replaced by",
        ],
    };
    out.table(&head, &rows)?;
    if is_full {
        for chapter in chapters {
            let code = chapter.entry.code.text();
            let current = chapter
                .entry
                .row()
                .map(|row| (out.say("最新", "newest").to_owned(), row));
            let versions = chapter
                .versions
                .iter()
                .map(|version| (version.number.to_string(), &version.row));
            for (number, row) in current.into_iter().chain(versions) {
                out.line("")?;
                out.line(&format!("{code}  {number}"))?;
                items(row, prefecture, out)?;
            }
        }
    }
    Ok(())
}

fn version_cells(
    code: &str,
    number: &str,
    row: &Row,
    version: Option<&Version>,
    prefecture: &Prefecture,
    lang: Lang,
) -> Vec<String> {
    let words = |item| {
        let meaning = record::meaning(item, row, prefecture, lang).unwrap_or_default();
        format!("{} {meaning}", row.get(item)).trim_end().to_owned()
    };
    let replaced = version.map_or_else(
        || "-".to_owned(),
        |version| {
            let (on, at) = (version.replaced_on.dashed(), record::clock(version.replaced_at));
            match lang {
                Lang::Ja => format!("{at}（受付 {on}）"),
                Lang::En => format!("{at} (received {on})"),
            }
        },
    );
    let timestamp = row.timestamp().map_or_else(String::new, record::clock);
    vec![
        code.to_owned(),
        number.to_owned(),
        words(Item::ChangeReason),
        timestamp,
        words(Item::MunicipalityCode),
        words(Item::RetentionFlag),
        replaced,
    ]
}

fn chapter_json(chapter: &Chapter) -> serde_json::Value {
    let versions: Vec<_> = chapter
        .versions
        .iter()
        .map(|version| {
            serde_json::json!({
                "number": version.number, "replaced_on": version.replaced_on.dashed(),
                "replaced_at": version.replaced_at.to_string(), "items": items_json(&version.row),
            })
        })
        .collect();
    let mut value = standing_json(chapter.entry.code, &chapter.entry.standing);
    if let Some(facts) = value.as_object_mut() {
        facts.insert("versions".to_owned(), versions.into());
    }
    value
}

/// Words for the folders of a site.
const FOLDERS: [(&str, &str); 11] = [
    ("in", "受信"),
    ("out", "送信"),
    ("spool", "保留中"),
    ("archive", "保管済み受信ファイル"),
    ("answers", "保管済み回答"),
    ("store", "世代"),
    ("ledger", "台帳"),
    ("registers", "登録簿"),
    ("layouts", "様式"),
    ("keys", "鍵"),
    ("staging", "確定の途中"),
];

fn stats(size: &Size, out: &mut Out) -> Result<(), Fault> {
    let counts = size.stats.counts;
    if out.is_json() {
        let tables: Vec<_> = size
            .stats
            .tables
            .iter()
            .map(|t| {
                serde_json::json!({"table": t.table.as_str(), "runs": t.runs, "rows": t.rows, "bytes": t.len_bytes})
            })
            .collect();
        let folders: serde_json::Map<String, serde_json::Value> = size
            .folders
            .iter()
            .map(|(name, (files, bytes))| ((*name).to_owned(), serde_json::json!({"files": files, "bytes": bytes})))
            .collect();
        return out.json(&serde_json::json!({
            "generation": size.generation, "counts": counts, "tables": tables, "folders": folders,
        }));
    }
    let lang = out.lang();
    let facts = [
        ("世代", "generation", size.generation),
        ("住民", "residents", counts.residents),
        ("除票", "removed", counts.removed),
        ("廃止コード", "retired codes", counts.retired),
        ("旧版", "versions", counts.versions),
        ("個人番号", "numbers", counts.numbers),
        ("適用済み通知", "notices applied", counts.notices),
    ];
    let rows: Vec<Vec<String>> = facts
        .into_iter()
        .map(|(ja, en, number)| vec![out.say(ja, en).to_owned(), number.to_string()])
        .collect();
    let head = [out.say("項目", "fact"), out.say("件数", "number")];
    out.table(&head, &rows)?;
    out.line("")?;
    let rows: Vec<Vec<String>> = size
        .stats
        .tables
        .iter()
        .map(|t| {
            let numbers = [t.runs, t.rows, t.len_bytes].map(|number| number.to_string());
            std::iter::once(table_name(t.table, lang).to_owned())
                .chain(numbers)
                .collect()
        })
        .collect();
    out.table(&table_head(lang), &rows)?;
    out.line("")?;
    let rows: Vec<Vec<String>> = FOLDERS
        .into_iter()
        .filter_map(|(name, ja)| {
            let (files, bytes) = size.folders.get(name)?;
            Some(vec![
                format!("{name}/"),
                match lang {
                    Lang::Ja => ja.to_owned(),
                    Lang::En => String::new(),
                },
                files.to_string(),
                bytes.to_string(),
            ])
        })
        .collect();
    match lang {
        Lang::Ja => out.table(&["フォルダ", "内容", "ファイル", "バイト"], &rows),
        Lang::En => out.table(&["folder", "", "files", "bytes"], &rows),
    }
}
