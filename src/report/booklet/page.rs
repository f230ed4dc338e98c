//! A page of the booklet: paragraphs and tables, rendered as Markdown or as plain text.

/// A table; every row has as many cells as the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Heads of the columns.
    pub head: Vec<&'static str>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A heading within the page.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A table.
    Table(Table),
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Name in links and files, ASCII.
    pub name: &'static str,
    /// Title in Japanese.
    pub ja: &'static str,
    /// Title in English.
    pub en: &'static str,
    /// Content.
    pub parts: Vec<Part>,
}

impl Page {
    /// A page without content.
    pub fn new(name: &'static str, ja: &'static str, en: &'static str) -> Self {
        Self {
            name,
            ja,
            en,
            parts: Vec::new(),
        }
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.parts.push(Part::Text(text.to_owned()));
        self
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: &str) -> &mut Self {
        self.parts.push(Part::Heading(text.to_owned()));
        self
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) -> &mut Self {
        self.parts.push(Part::Table(table));
        self
    }

    /// Name of the Markdown file.
    pub fn file_name(&self) -> String {
        format!("{}.md", self.name)
    }

    /// The page as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {} / {}\n", self.ja, self.en);
        for part in &self.parts {
            match part {
                Part::Heading(text) => out.extend(["\n## ", text, "\n"]),
                Part::Text(text) => out.extend(["\n", text, "\n"]),
                Part::Table(table) => out.extend(["\n", &markdown(table)]),
            }
        }
        out
    }

    /// The page as plain text, columns aligned by display width.
    pub fn plain(&self) -> String {
        let title = format!("{} / {}", self.ja, self.en);
        let mut out = format!("{title}\n{}\n", "=".repeat(width(&title)));
        for part in &self.parts {
            match part {
                Part::Heading(text) | Part::Text(text) => out.extend(["\n", text, "\n"]),
                Part::Table(table) => out.extend(["\n", &aligned(table)]),
            }
        }
        out
    }
}

fn markdown(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = table.head.iter().map(|cell| escaped(cell)).collect();
    let mut out = line(&head);
    out.extend(["|", &"---|".repeat(head.len()), "\n"]);
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        out.push_str(&line(&cells));
    }
    out
}

/// A pipe would end a cell.
fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|")
}

fn aligned(table: &Table) -> String {
    let head: Vec<String> = table.head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut widths: Vec<usize> = head.iter().map(|cell| width(cell)).collect();
    for row in &table.rows {
        for (known, cell) in widths.iter_mut().zip(row) {
            *known = (*known).max(width(cell));
        }
    }
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, column)| format!("{cell}{}", " ".repeat(column.saturating_sub(width(cell)))))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut out = line(&head);
    let rules: Vec<String> = widths.iter().map(|column| "-".repeat(*column)).collect();
    out.push_str(&line(&rules));
    for row in &table.rows {
        out.push_str(&line(row));
    }
    out
}

/// Columns on a terminal: two for everything but ASCII, which is all that the tables hold beside Japanese.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_escapes_pipes_and_plain_text_aligns_wide_characters() {
        let mut table = Table::new(&["code", "名"]);
        table.row(&["a|b", "秋田"]);
        table.row(&["c", "x"]);
        let mut page = Page::new("t", "表", "table");
        page.text("Words.").table(table);
        assert_eq!(
            page.markdown(),
            "# 表 / table\n\nWords.\n\n| code | 名 |\n|---|---|\n| a\\|b | 秋田 |\n| c | x |\n"
        );
        assert_eq!(
            page.plain(),
            "表 / table\n==========\n\nWords.\n\ncode  名\n----  ----\na|b   秋田\nc     x\n"
        );
    }
}
