//! Printing: text for people or JSON for programs on standard output, faults on standard error.

use std::io::{self, Write};

use crate::domain::fault::{Fault, FaultId, Lang};

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

    /// One line of text.
    pub fn line(&mut self, text: &str) -> Result<(), Fault> {
        writeln!(self.to, "{text}").map_err(|e| printing(&e))
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
        self.line(&value.to_string())
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
    fn wide_characters_take_two_columns() {
        assert_eq!(width("秋田市 A"), 8);
        assert_eq!(width("ｱｲ"), 2);
    }
}
