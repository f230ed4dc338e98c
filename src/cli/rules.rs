//! `sekisho rules show`: the booklet of the rules, from the tables that the program works by.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Ended;
use super::args::{Cli, Form};
use super::env::Surroundings;
use super::machine::Machine;
use super::show::Out;
use crate::domain::fault::{self, Class, Fault, FaultId};
use crate::domain::ids::MunicipalityCode;
use crate::domain::municipality::Prefecture;
use crate::report::booklet::{self, Page, Part};
use crate::run::{output, trouble};

/// The prefecture whose municipalities are built in: 秋田県.
const BUILT_IN: &str = "050008";

/// Commands on the rules.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the booklet: reasons, states, all 210 cells, findings (規則集を表示する)
    Show {
        /// Only this table: reasons states transitions comparison items dates findings order reconciliation municipalities
        #[arg(long, value_name = "NAME")]
        table: Option<String>,
        /// Form of the text
        #[arg(long, value_enum, default_value_t = Form::Text)]
        form: Form,
        /// Write the booklet as Markdown files to a folder, replacing those of the same names
        #[arg(long, value_name = "DIR", conflicts_with = "table")]
        write: Option<PathBuf>,
    },
}

/// Runs the command.
pub fn run(_cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    let Command::Show { table, form, write } = command;
    let prefecture = MunicipalityCode::parse(BUILT_IN)
        .ok()
        .and_then(Prefecture::built_in)
        .ok_or_else(|| trouble::bug("the built-in prefecture is missing"))?;
    if let Some(folder) = write {
        let files = booklet::render_all(&prefecture);
        output::write_folder(Machine::new(surroundings)?.disk(), folder, &files)?;
        let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.join(name)).collect();
        if out.is_json() {
            out.json(&json!({ "written": paths }))?;
        } else {
            for path in paths {
                out.line(&path.display().to_string())?;
            }
        }
        return Ok(Class::Done);
    }
    let pages = chosen(booklet::pages(&prefecture), table.as_deref())?;
    if out.is_json() {
        let pages: Vec<Value> = pages.iter().map(as_json).collect();
        out.json(&pages.into())?;
        return Ok(Class::Done);
    }
    for (place, page) in pages.iter().enumerate() {
        if place > 0 {
            out.line("")?;
        }
        let text = match form {
            Form::Text => page.plain(),
            Form::Markdown => page.markdown(),
        };
        out.raw(text.as_bytes())?;
    }
    Ok(Class::Done)
}

fn chosen(pages: Vec<Page>, table: Option<&str>) -> Result<Vec<Page>, Fault> {
    let Some(name) = table else { return Ok(pages) };
    let names: Vec<&str> = pages.iter().map(|page| page.name).collect();
    if !names.contains(&name) {
        return Err(Fault::new(FaultId::UsageWrong)
            .with("command", "rules show")
            .with("why", format!("{}: {}", fault::shown(name), names.join(" "))));
    }
    Ok(pages.into_iter().filter(|page| page.name == name).collect())
}

fn as_json(page: &Page) -> Value {
    let parts: Vec<Value> = page
        .parts
        .iter()
        .map(|part| match part {
            Part::Heading(text) => json!({ "heading": text }),
            Part::Text(text) => json!({ "text": text }),
            Part::Table(table) => json!({ "head": table.head, "rows": table.rows }),
        })
        .collect();
    json!({ "name": page.name, "ja": page.ja, "en": page.en, "parts": parts })
}
