//! `sekisho gen list|show|diff|verify|compact`; `prune` has a file of its own: generations of the master.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::{with_examined, with_site};
use super::show::Out;
use crate::domain::fault::{Class, Fault, Lang};
use crate::run::generations::{self, CodeDiff, DiffKind, Shown, Table};
use crate::run::site::Access;
use crate::run::verify::{self, Depth, Found, Slice};

/// Commands on generations.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the generations, the newest first (世代の一覧)
    List,
    /// Show one generation (世代の内容)
    Show {
        /// Number of the generation
        generation: u64,
    },
    /// Show which codes and items differ between two generations; no values (世代間の差分)
    Diff {
        /// Number of the older generation
        a: u64,
        /// Number of the newer generation
        b: u64,
    },
    /// Verify everything that the site keeps, the ledger too, and name the first bad object (保存データの検証)
    Verify {
        /// What must be there, its lengths, heads and indexes; the default
        #[arg(long, conflicts_with_all = ["full", "slice"])]
        quick: bool,
        /// Every byte, roots computed anew, every file at rest opened
        #[arg(long, conflicts_with = "slice")]
        full: bool,
        /// With --full: every byte, but neither rows nor roots are tested; what is left out is what --full takes longer
        #[arg(long, requires = "full")]
        no_roots: bool,
        /// As --quick, and every byte of the K-th of N parts: N nights with K from 1 to N read everything
        #[arg(long, value_name = "K/N", value_parser = slice)]
        slice: Option<Slice>,
    },
    /// Rewrite every table into one run; content and generation stay (世代の圧縮)
    Compact,
    /// Remove leftovers of interrupted work that nothing names, to make room (残骸の削除)
    Prune {
        /// Only show what would be removed
        #[arg(long)]
        plan: bool,
    },
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    match command {
        Command::List => list(cli, surroundings, out),
        Command::Show { generation } => {
            let shown = with_site(cli, surroundings, Access::Read, |site| {
                generations::show(site, *generation)
            })?;
            if out.is_json() {
                out.json(&show_json(&shown))?;
            } else {
                show_text(&shown, out)?;
            }
            Ok(Class::Done)
        }
        Command::Diff { a, b } => diff(cli, surroundings, (*a, *b), out),
        Command::Verify {
            quick: _,
            full,
            no_roots,
            slice,
        } => {
            let depth = match slice {
                Some(slice) => Depth::Slice(*slice),
                None if *no_roots => Depth::Bytes,
                None if *full => Depth::Full,
                None => Depth::Quick,
            };
            let found = with_examined(cli, surroundings, |site| verify::verify(site, depth))?;
            show_found(&found, depth, out)?;
            found.fault().map_or(Ok(Class::Done), Err)
        }
        Command::Compact => compact(cli, surroundings, out),
        Command::Prune { plan } => super::prune::run(cli, surroundings, *plan, out),
    }
}

/// `K/N`, K from 1 to N.
fn slice(text: &str) -> Result<Slice, String> {
    let parts = text.split_once('/');
    let read = parts.and_then(|(part, parts)| Slice::new(part.parse().ok()?, parts.parse().ok()?));
    read.ok_or_else(|| "give K/N, K from 1 to N, as in 3/30".to_owned())
}

/// The first digits of a hash, for tables that people read.
fn short(hash: impl std::fmt::Display) -> String {
    hash.to_string().chars().take(12).collect()
}

fn list(cli: &Cli, surroundings: &Surroundings, out: &mut Out) -> Ended {
    let found = with_site(cli, surroundings, Access::Read, |site| generations::list(site))?;
    if out.is_json() {
        let rows: Vec<_> = found
            .iter()
            .map(|m| {
                serde_json::json!({
                    "generation": m.generation, "business_date": m.business_date.dashed(), "commit": m.commit,
                    "residents": m.counts.residents, "removed": m.counts.removed, "retired": m.counts.retired,
                    "versions": m.counts.versions, "runs": m.runs.len(),
                    "roots": {"current": m.roots.current, "history": m.roots.history},
                })
            })
            .collect();
        out.json(&rows.into())?;
        return Ok(Class::Done);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|m| {
            vec![
                m.generation.to_string(),
                m.business_date.dashed(),
                m.commit.to_string(),
                m.counts.residents.to_string(),
                m.counts.removed.to_string(),
                m.counts.retired.to_string(),
                m.counts.versions.to_string(),
                m.runs.len().to_string(),
                short(m.roots.current),
            ]
        })
        .collect();
    let head = match out.lang() {
        Lang::Ja => [
            "世代",
            "業務日",
            "確定",
            "住民",
            "除票",
            "廃止コード",
            "旧版",
            "ラン",
            "ルート",
        ],
        Lang::En => [
            "gen",
            "business date",
            "commit",
            "residents",
            "removed",
            "retired",
            "versions",
            "runs",
            "root",
        ],
    };
    out.table(&head, &rows)?;
    Ok(Class::Done)
}

/// The name of a table.
pub(super) fn table_name(table: Table, lang: Lang) -> &'static str {
    match (lang, table) {
        (Lang::En, table) => table.as_str(),
        (Lang::Ja, Table::Current) => "現在の記録",
        (Lang::Ja, Table::History) => "旧版",
        (Lang::Ja, Table::Numbers) => "個人番号",
        (Lang::Ja, Table::Notices) => "適用済み通知",
        (Lang::Ja, Table::Identities) => "処理済みファイル",
    }
}

fn show_json(shown: &Shown) -> serde_json::Value {
    let m = &shown.manifest;
    let tables: Vec<_> = shown
        .stats
        .tables
        .iter()
        .map(|t| serde_json::json!({"table": t.table.as_str(), "runs": t.runs, "rows": t.rows, "bytes": t.len_bytes}))
        .collect();
    let runs: Vec<_> = m
        .runs
        .iter()
        .map(|run| {
            serde_json::json!({
                "table": run.table.as_str(), "name": run.name, "rows": run.rows, "bytes": run.len_bytes, "sha256": run.sha256,
            })
        })
        .collect();
    serde_json::json!({
        "generation": m.generation, "commit": m.commit, "business_date": m.business_date.dashed(),
        "created_at": m.created_at.to_string(), "manifest_sha256": shown.hash, "parent_sha256": m.parent, "counts": m.counts,
        "roots": {"current": m.roots.current, "history": m.roots.history}, "rules": m.rules, "layouts": m.layouts,
        "tables": tables, "runs": runs, "registers": m.exchange.registers, "held": m.exchange.held.len(),
        "unacknowledged": m.exchange.unacknowledged.len(),
    })
}

fn show_text(shown: &Shown, out: &mut Out) -> Result<(), Fault> {
    let m = &shown.manifest;
    let parent = m.parent.map_or_else(|| "-".to_owned(), |parent| parent.to_string());
    let facts = [
        ("世代", "generation", m.generation.to_string()),
        ("確定", "commit", m.commit.to_string()),
        ("業務日", "business date", m.business_date.dashed()),
        ("作成日時", "created at", crate::report::record::clock(m.created_at)),
        ("目録の SHA-256", "manifest SHA-256", shown.hash.to_string()),
        ("前の目録", "parent manifest", parent),
        (
            "現在の記録のルート",
            "root of the current rows",
            m.roots.current.to_string(),
        ),
        ("旧版のルート", "root of the history", m.roots.history.to_string()),
        ("規則", "rules", m.rules.to_string()),
        ("様式", "layouts", m.layouts.to_string()),
        ("住民", "residents", m.counts.residents.to_string()),
        ("除票", "removed", m.counts.removed.to_string()),
        ("廃止コード", "retired codes", m.counts.retired.to_string()),
        ("旧版", "versions", m.counts.versions.to_string()),
        ("個人番号", "numbers", m.counts.numbers.to_string()),
        ("適用済み通知", "notices applied", m.counts.notices.to_string()),
        ("保留ファイル", "held files", m.exchange.held.len().to_string()),
        (
            "未確認の本人確認情報通知",
            "notices not acknowledged",
            m.exchange.unacknowledged.len().to_string(),
        ),
    ];
    let rows: Vec<Vec<String>> = facts
        .into_iter()
        .map(|(ja, en, value)| vec![out.say(ja, en).to_owned(), value])
        .collect();
    let head = [out.say("項目", "fact"), out.say("値", "value")];
    out.table(&head, &rows)?;
    out.line("")?;
    let lang = out.lang();
    let rows: Vec<Vec<String>> = shown
        .stats
        .tables
        .iter()
        .map(|t| {
            vec![
                table_name(t.table, lang).to_owned(),
                t.runs.to_string(),
                t.rows.to_string(),
                t.len_bytes.to_string(),
            ]
        })
        .collect();
    out.table(&table_head(lang), &rows)
}

/// Head of a table of runs, rows and bytes.
pub(super) fn table_head(lang: Lang) -> [&'static str; 4] {
    match lang {
        Lang::Ja => ["表", "ラン", "行", "バイト"],
        Lang::En => ["table", "runs", "rows", "bytes"],
    }
}

fn kind_words(kind: DiffKind) -> (&'static str, &'static str) {
    match kind {
        DiffKind::Added => ("追加", "added"),
        DiffKind::Erased => ("消去", "erased"),
        DiffKind::Changed => ("変更", "changed"),
        DiffKind::Removed => ("消除", "removed"),
        DiffKind::Returned => ("再記載", "returned"),
        DiffKind::Retired => ("コード廃止", "retired"),
    }
}

/// All kinds, in the order in which their sums are shown.
const KINDS: [DiffKind; 6] = [
    DiffKind::Added,
    DiffKind::Changed,
    DiffKind::Removed,
    DiffKind::Returned,
    DiffKind::Retired,
    DiffKind::Erased,
];

fn diff(cli: &Cli, surroundings: &Surroundings, (a, b): (u64, u64), out: &mut Out) -> Ended {
    let mut sums = [0_u64; KINDS.len()];
    // Codes are printed as they are found: a whole register may differ. Before the first one nothing is printed, so that
    // a generation that is not there makes no output.
    let mut before = format!("{{\"a\":{a},\"b\":{b},\"codes\":[");
    with_site(cli, surroundings, Access::Read, |site| {
        generations::diff(site, (a, b), &mut |change| {
            for (sum, kind) in sums.iter_mut().zip(KINDS) {
                *sum += u64::from(kind == change.kind);
            }
            show_change(change, &std::mem::replace(&mut before, ",".to_owned()), out)
        })
    })?;
    let counts: Vec<(DiffKind, u64)> = KINDS.into_iter().zip(sums).collect();
    if out.is_json() {
        let counts: serde_json::Map<String, serde_json::Value> = counts
            .into_iter()
            .map(|(kind, sum)| (kind_words(kind).1.to_owned(), sum.into()))
            .collect();
        let open = if before == "," { "" } else { &before };
        out.line(&format!("{open}],\"counts\":{}}}", serde_json::Value::from(counts)))?;
        return Ok(Class::Done);
    }
    let words: Vec<String> = counts
        .into_iter()
        .map(|(kind, sum)| {
            let (ja, en) = kind_words(kind);
            match out.lang() {
                Lang::Ja => format!("{ja} {sum} 件"),
                Lang::En => format!("{sum} {en}"),
            }
        })
        .collect();
    out.line(&words.join(out.say("、", ", ")))?;
    Ok(Class::Done)
}

/// One code; `before` stands in front of it in JSON.
fn show_change(change: &CodeDiff, before: &str, out: &mut Out) -> Result<(), Fault> {
    let (ja, en) = kind_words(change.kind);
    let numbers: Vec<u8> = change.items.iter().map(|item| item.number()).collect();
    if out.is_json() {
        let value = serde_json::json!({"code": change.code.text(), "kind": en, "items": numbers});
        return out.raw(format!("{before}{value}").as_bytes());
    }
    let items: Vec<String> = numbers.iter().map(u8::to_string).collect();
    let kind = out.say(ja, en).to_owned();
    let line = format!("{}  {kind}  {}", change.code.text(), items.join(" "));
    out.line(line.trim_end())
}

fn show_found(found: &Found, depth: Depth, out: &mut Out) -> Result<(), Fault> {
    if out.is_json() {
        let bad: Vec<_> = found
            .bad
            .iter()
            .map(|bad| {
                serde_json::json!({
                    "object": bad.object, "what": bad.what.as_str(), "leaf": bad.leaf, "why": bad.why,
                })
            })
            .collect();
        let (word, slice) = match depth {
            Depth::Full => ("full", None),
            Depth::Bytes => ("bytes", None),
            Depth::Quick => ("quick", None),
            Depth::Slice(slice) => ("slice", Some(format!("{}/{}", slice.part(), slice.parts()))),
        };
        return out.json(&serde_json::json!({
            "depth": word, "slice": slice, "leaves": found.leaves, "manifests": found.manifests, "runs": found.runs,
            "run_bytes": found.run_bytes, "files": found.files, "packages": found.packages,
            "unfinished": found.is_unfinished, "strays": found.strays, "bad": bad, "bad_count": found.bad_count,
        }));
    }
    let lang = out.lang();
    let depth = match (lang, depth) {
        (Lang::Ja, Depth::Full) => "全件検証".to_owned(),
        (Lang::Ja, Depth::Bytes) => "全バイト検証（行と論理ルートを除く）".to_owned(),
        (Lang::Ja, Depth::Quick) => "簡易検証（長さと索引のみ）".to_owned(),
        (Lang::Ja, Depth::Slice(slice)) => format!("分割検証 {}/{}（残りは簡易）", slice.part(), slice.parts()),
        (Lang::En, Depth::Full) => "verified in full".to_owned(),
        (Lang::En, Depth::Bytes) => "verified in full but for rows and roots".to_owned(),
        (Lang::En, Depth::Quick) => "verified quickly, lengths and indexes only".to_owned(),
        (Lang::En, Depth::Slice(slice)) => {
            format!("verified slice {}/{}, the rest quickly", slice.part(), slice.parts())
        }
    };
    let (leaves, manifests, runs, bytes) = (found.leaves, found.manifests, found.runs, found.run_bytes);
    let (files, packages) = (found.files, found.packages);
    out.line(&match lang {
        Lang::Ja => format!(
            "{depth}: 台帳 {leaves} 件、目録 {manifests}、ラン {runs}（{bytes} バイト）、保管ファイル {files}、送信ファイル {packages}"
        ),
        Lang::En => format!(
            "{depth}: {leaves} leaves, {manifests} manifests, {runs} runs of {bytes} bytes, {files} files at rest, \
             {packages} outgoing packages"
        ),
    })?;
    if found.is_unfinished {
        out.line(out.say(
            "確定の途中の処理があります（実行中、または次の実行が回復します）",
            "a commit is unfinished: it is being made, or the next run recovers it",
        ))?;
    }
    for stray in &found.strays {
        let line = format!(
            "{}: {stray}",
            out.say("どこからも参照されないファイル", "nothing names this file")
        );
        out.line(&line)?;
    }
    for bad in &found.bad {
        let leaf = bad.leaf.map_or_else(String::new, |leaf| match lang {
            Lang::Ja => format!("（{leaf} 番）"),
            Lang::En => format!(" (leaf {leaf})"),
        });
        let line = format!("{}: {}{leaf}: {}", out.say("破損", "bad"), bad.object, bad.why);
        out.line(&line)?;
    }
    let unnamed = found
        .bad_count
        .saturating_sub(u64::try_from(found.bad.len()).unwrap_or(u64::MAX));
    if unnamed > 0 {
        let line = match lang {
            Lang::Ja => format!("ほかに {unnamed} 件の破損があります"),
            Lang::En => format!("and {unnamed} more are bad"),
        };
        out.line(&line)?;
    }
    if found.bad.is_empty() {
        out.line(out.say("破損はありません", "nothing is bad"))?;
    }
    Ok(())
}

fn compact(cli: &Cli, surroundings: &Surroundings, out: &mut Out) -> Ended {
    let done = with_site(cli, surroundings, Access::Write, |site| {
        generations::compact(site, cli.business_date)
    })?;
    if out.is_json() {
        let value = done.map(|done| {
            serde_json::json!({
                "commit": done.commit, "generation": done.generation, "runs_before": done.runs_before,
                "runs_after": done.runs_after, "bytes_before": done.bytes_before, "bytes_after": done.bytes_after,
            })
        });
        out.json(&serde_json::json!({"compacted": value}))?;
        return Ok(Class::Done);
    }
    let text = match (out.lang(), done) {
        (Lang::Ja, None) => "圧縮するものはありません".to_owned(),
        (Lang::En, None) => "nothing to compact".to_owned(),
        (Lang::Ja, Some(done)) => format!(
            "世代 {} を圧縮しました（確定 {}）: ラン {} → {}、{} → {} バイト",
            done.generation, done.commit, done.runs_before, done.runs_after, done.bytes_before, done.bytes_after
        ),
        (Lang::En, Some(done)) => format!(
            "generation {} compacted by commit {}: {} runs -> {}, {} bytes -> {}",
            done.generation, done.commit, done.runs_before, done.runs_after, done.bytes_before, done.bytes_after
        ),
    };
    out.line(&text)?;
    Ok(Class::Done)
}
