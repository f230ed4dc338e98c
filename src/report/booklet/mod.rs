//! The booklet of the rules (規則集): every rule table as pages in Japanese and English, as Markdown or plain text.
//!
//! `docs/rules/*.md` is this text; a test compares the folder with it, so that a change of a rule is reviewed as a
//! change of a page. The command `sekisho rules show --write docs/rules` writes the folder.

mod comparison;
mod findings;
mod page;
mod reconciliation;
mod transitions;
mod vocabulary;

pub use page::{Page, Part, Table};

use crate::domain::municipality::Prefecture;

/// All pages, in the order of the table of contents.
pub fn pages(prefecture: &Prefecture) -> Vec<Page> {
    vec![
        vocabulary::reasons(),
        vocabulary::states(),
        transitions::page(),
        comparison::page(),
        vocabulary::items(),
        vocabulary::dates(),
        findings::page(),
        findings::order(),
        reconciliation::page(),
        vocabulary::municipalities(prefecture),
    ]
}

/// The folder of the booklet: file name and Markdown text of every page, the table of contents first.
pub fn render_all(prefecture: &Prefecture) -> Vec<(String, String)> {
    let pages = pages(prefecture);
    let mut contents = String::from(
        "# 規則集 / The rules\n\n\
         このフォルダは規則の表から作られます。手で直さず、表を直してから `sekisho rules show --write docs/rules` を実行してください。\n\n\
         Made from the rule tables in `src/domain`. Do not edit: change the tables, then run\n\
         `sekisho rules show --write docs/rules`.\n\n",
    );
    for page in &pages {
        contents.extend(["- [", page.ja, " / ", page.en, "](", &page.file_name(), ")\n"]);
    }
    let mut files = vec![(String::from("README.md"), contents)];
    files.extend(pages.iter().map(|page| (page.file_name(), page.markdown())));
    files
}

/// The whole booklet as plain text for a terminal.
pub fn plain(prefecture: &Prefecture) -> String {
    let pages: Vec<String> = pages(prefecture).iter().map(Page::plain).collect();
    pages.join("\n")
}
