//! Printing: text for people or JSON for programs on standard output, faults on standard error.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::domain::fault::{Fault, FaultId, Lang, acts_on_terminals};

/// Where a command prints.
pub struct Out {
    lang: Lang,
    json: bool,
    to: io::BufWriter<io::Stdout>,
}

impl Out {
    /// Prints in `lang`, or JSON.
    pub fn new(lang: Lang, json: bool) -> Self {
        Self {
            lang,
            json,
            to: io::BufWriter::new(io::stdout()),
        }
    }

    /// The language of the words.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// True where the caller asked for JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Chooses the words by language.
    pub fn say<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        match self.lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    /// Lines of text. Names come from files of others: what would act on the terminal is printed as its number.
    pub fn line(&mut self, text: &str) -> Result<(), Fault> {
        writeln!(self.to, "{}", harmless(text)).map_err(|e| printing(&e))
    }

    /// Text as it is.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.to.write_all(bytes).map_err(|e| printing(&e))
    }

    /// Standard output, for tables that are written as they are read. [`Out::flush`] ends it as well.
    pub fn sink(&mut self) -> &mut dyn Write {
        &mut self.to
    }

    /// One JSON value on one line.
    pub fn json(&mut self, value: &serde_json::Value) -> Result<(), Fault> {
        writeln!(self.to, "{value}").map_err(|e| printing(&e))
    }

    /// A table with aligned columns; wide characters count two.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Fault> {
        let mut widths: Vec<usize> = head.iter().map(|cell| width(cell)).collect();
        for row in rows {
            for (known, cell) in widths.iter_mut().zip(row) {
                *known = (*known).max(width(cell));
            }
        }
        let heads: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        for row in std::iter::once(&heads).chain(rows) {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, known)| format!("{cell}{}", " ".repeat(known.saturating_sub(width(cell)))))
                .collect();
            self.line(cells.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// Ends the output; nothing that was printed may be lost silently.
    pub fn flush(&mut self) -> Result<(), Fault> {
        self.to.flush().map_err(|e| printing(&e))
    }

    /// Prints a fault on standard error, after what was printed so far.
    pub fn fault(&mut self, fault: &Fault) {
        // Who takes the first lines of a list only closes the pipe and wants no more words; the exit code still says it.
        let closed = io::ErrorKind::BrokenPipe.to_string();
        if fault.id == FaultId::OutputFailed && fault.args().iter().any(|(_, why)| *why == closed) {
            return;
        }
        let flushed = self.to.flush();
        let text = if self.json {
            let args: serde_json::Map<String, serde_json::Value> = fault
                .args()
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                .collect();
            serde_json::json!({
                "fault": format!("{:?}", fault.id), "exit_code": fault.class().exit_code(), "args": args,
                "ja": fault.what(Lang::Ja), "en": fault.what(Lang::En), "todo": fault.todo(self.lang),
            })
            .to_string()
        } else {
            format!(
                "sekisho: {}\n  → {} [{:?}]",
                fault.what(self.lang),
                fault.todo(self.lang),
                fault.id
            )
        };
        // Where standard error is closed as well there is nobody left to tell; the exit code still does.
        drop(flushed.and_then(|()| writeln!(io::stderr(), "{text}")));
    }
}

fn harmless(text: &str) -> Cow<'_, str> {
    let acts = |c: char| acts_on_terminals(c) && !matches!(c, '\n' | '\t');
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| {
        if acts(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    });
    Cow::Owned(shown.collect())
}

fn printing(why: &io::Error) -> Fault {
    Fault::new(FaultId::OutputFailed).with("why", why.kind())
}

/// Columns that a text takes on a terminal: 2 for wide characters.
pub fn width(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if c > '\u{10FF}' && !('\u{FF61}'..='\u{FF9F}').contains(&c) {
                2
            } else {
                1
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_act_on_the_terminal() {
        assert_eq!(harmless("甲\u{202e}乙\u{1b}[2J\t丙\n"), "甲\\u{202e}乙\\u{1b}[2J\t丙\n");
        assert!(matches!(harmless("佐藤　花子"), Cow::Borrowed(_)));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("秋田市 A"), 8);
        assert_eq!(width("ｱｲ"), 2);
    }
}
