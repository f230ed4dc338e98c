//! `switches LIST.json ROOT OUT.json [SKIP.json]`: rewrites the source below ROOT (a copy!) so that every mutant of the
//! list is in it, switched off. `crate::mutant::on(N)` asks whether mutant N is the one to be tried. One build then serves
//! all mutants. In the branch of a mutant everything else is as it was written, since only one is on at a time.
//!
//! OUT.json gets an array of `{"id", "name", "file", "placed"}`; a mutant that this way cannot place (in a constant, with a
//! `let` as operand) has `"placed": false` and is left to `cargo mutants` itself.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

struct Mutant {
    id: usize,
    genre: String,
    replacement: String,
}

/// Text to be put in the place of a range of bytes. Nested ones lie inside.
struct Edit {
    from: usize,
    to: usize,
    kind: Kind,
}

enum Kind {
    /// A value: the mutants with their whole text; else the source with the edits inside it.
    Value(Vec<(usize, String)>),
    /// Text before everything else at this place.
    Insert(String),
    /// A guard behind a pattern.
    Guard(String),
}

struct Finder<'a> {
    /// Mutants by genre and the byte at which their span begins.
    wanted: BTreeMap<(String, usize), Vec<Mutant>>,
    source: &'a str,
    edits: Vec<Edit>,
    placed: Vec<usize>,
    constant: usize,
}

impl Finder<'_> {
    fn take(&mut self, genre: &str, at: usize) -> Vec<Mutant> {
        if self.constant > 0 {
            return Vec::new();
        }
        let found = self.wanted.remove(&(genre.to_owned(), at)).unwrap_or_default();
        self.placed.extend(found.iter().map(|mutant| mutant.id));
        found
    }

    fn text(&self, from: usize, to: usize) -> &str {
        &self.source[from..to]
    }

    fn body(&mut self, block: &syn::Block, sig: &syn::Signature) {
        let (Some(first), false) = (block.stmts.first(), sig.constness.is_some()) else {
            return;
        };
        let at = first.span().byte_range().start;
        for mutant in self.take("FnValue", at) {
            let text = format!("if crate::mutant::on({}) {{ return {}; }} ", mutant.id, mutant.replacement);
            self.edits.push(Edit { from: at, to: at, kind: Kind::Insert(text) });
        }
    }

    fn inside(&mut self, is_constant: bool, work: impl FnOnce(&mut Self)) {
        self.constant += usize::from(is_constant);
        work(self);
        self.constant -= usize::from(is_constant);
    }
}

fn has_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.body(&node.block, &node.sig);
        self.inside(node.sig.constness.is_some(), |this| visit::visit_item_fn(this, node));
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.body(&node.block, &node.sig);
        self.inside(node.sig.constness.is_some(), |this| visit::visit_impl_item_fn(this, node));
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.body(block, &node.sig);
        }
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_item_const(&mut self, node: &'ast syn::ItemConst) {
        self.inside(true, |this| visit::visit_item_const(this, node));
    }

    fn visit_item_static(&mut self, node: &'ast syn::ItemStatic) {
        self.inside(true, |this| visit::visit_item_static(this, node));
    }

    fn visit_impl_item_const(&mut self, node: &'ast syn::ImplItemConst) {
        self.inside(true, |this| visit::visit_impl_item_const(this, node));
    }

    fn visit_type_array(&mut self, node: &'ast syn::TypeArray) {
        self.inside(true, |this| visit::visit_type_array(this, node));
    }

    fn visit_expr_repeat(&mut self, node: &'ast syn::ExprRepeat) {
        self.visit_expr(&node.expr);
        self.inside(true, |this| this.visit_expr(&node.len));
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        let operator = node.op.span().byte_range();
        let whole = node.span().byte_range();
        let operands_have_let = has_let(&node.left) || has_let(&node.right);
        if !operands_have_let {
            let found = self.take("BinaryOperator", operator.start);
            if !found.is_empty() {
                let mutants = found
                    .iter()
                    .map(|mutant| {
                        let (left, right) =
                            (self.text(whole.start, operator.start), self.text(operator.end, whole.end));
                        (mutant.id, format!("{left}{}{right}", mutant.replacement))
                    })
                    .collect();
                self.edits.push(Edit { from: whole.start, to: whole.end, kind: Kind::Value(mutants) });
            }
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        let whole = node.span().byte_range();
        let found = self.take("UnaryOperator", whole.start);
        if !found.is_empty() {
            let operator = node.op.span().byte_range();
            let mutants = found
                .iter()
                .map(|mutant| (mutant.id, format!("{}{}", mutant.replacement, self.text(operator.end, whole.end))))
                .collect();
            self.edits.push(Edit { from: whole.start, to: whole.end, kind: Kind::Value(mutants) });
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let whole = node.span().byte_range();
        let pattern = node.pat.span().byte_range();
        let mut off = String::new();
        for mutant in self.take("MatchArm", whole.start) {
            off = format!("!crate::mutant::on({})", mutant.id);
        }
        match &node.guard {
            None if off.is_empty() => {}
            None => {
                let text = format!(" if {off} ");
                self.edits.push(Edit { from: pattern.end, to: pattern.end, kind: Kind::Guard(text) });
            }
            Some((_, guard)) => {
                let range = guard.span().byte_range();
                if !off.is_empty() {
                    self.edits.push(Edit { from: range.start, to: range.start, kind: Kind::Insert(format!("{off} && ")) });
                }
                if !has_let(guard) {
                    let found = self.take("MatchArmGuard", range.start);
                    if !found.is_empty() {
                        let mutants = found.iter().map(|mutant| (mutant.id, mutant.replacement.clone())).collect();
                        self.edits.push(Edit { from: range.start, to: range.end, kind: Kind::Value(mutants) });
                    }
                }
            }
        }
        visit::visit_arm(self, node);
    }
}

/// The source from `from` to `to` with the edits, which are sorted: outer ones first.
fn written(source: &str, from: usize, to: usize, edits: &[Edit]) -> String {
    let (mut text, mut at, mut next) = (String::new(), from, 0);
    while next < edits.len() {
        let edit = &edits[next];
        text.push_str(&source[at..edit.from]);
        let mut end = next + 1;
        match &edit.kind {
            Kind::Insert(insert) | Kind::Guard(insert) => text.push_str(insert),
            Kind::Value(mutants) => {
                while end < edits.len() && edits[end].to <= edit.to && edits[end].from < edit.to {
                    end += 1;
                }
                text.push('(');
                for (id, mutant) in mutants {
                    text.push_str(&format!("if crate::mutant::on({id}) {{ {mutant} }} else "));
                }
                text.push_str(&format!("{{ {} }})", written(source, edit.from, edit.to, &edits[next + 1..end])));
            }
        }
        at = edit.to;
        next = end;
    }
    text.push_str(&source[at..to]);
    text
}

/// Byte of a place by line and column, both from 1, the column in characters.
fn byte_of(lines: &[(usize, &str)], place: &Value) -> usize {
    let number = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
    let (start, line) = lines[number("line") - 1];
    let column = number("column") - 1;
    start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let list: Vec<Value> = serde_json::from_slice(&fs::read(&args[1]).unwrap()).unwrap();
    let skip: Vec<usize> = args.get(4).map_or_else(Vec::new, |path| {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    });
    let mut by_file: BTreeMap<String, Vec<(usize, Value)>> = BTreeMap::new();
    for (id, mutant) in (1..).zip(list) {
        by_file.entry(mutant["file"].as_str().unwrap().to_owned()).or_default().push((id, mutant));
    }
    let mut report = Vec::new();
    for (file, mutants) in by_file {
        let path = format!("{}/{file}", args[2]);
        let source = fs::read_to_string(&path).unwrap();
        let mut lines = Vec::new();
        let mut start = 0;
        for line in source.split_inclusive('\n') {
            lines.push((start, line));
            start += line.len();
        }
        let mut wanted: BTreeMap<(String, usize), Vec<Mutant>> = BTreeMap::new();
        for (id, mutant) in &mutants {
            if skip.contains(id) {
                continue;
            }
            let genre = mutant["genre"].as_str().unwrap().to_owned();
            let at = byte_of(&lines, &mutant["span"]["start"]);
            let replacement = mutant["replacement"].as_str().unwrap().to_owned();
            wanted.entry((genre.clone(), at)).or_default().push(Mutant { id: *id, genre, replacement });
        }
        let syntax = syn::parse_file(&source).unwrap();
        let mut finder = Finder { wanted, source: &source, edits: Vec::new(), placed: Vec::new(), constant: 0 };
        finder.visit_file(&syntax);
        for left in finder.wanted.values().flatten() {
            eprintln!("not placed: {} {file} {}", left.id, left.genre);
        }
        let mut edits = finder.edits;
        let order = |kind: &Kind| u8::from(matches!(kind, Kind::Value(_)));
        edits.sort_by_key(|edit| (edit.from, order(&edit.kind), std::cmp::Reverse(edit.to)));
        fs::write(&path, written(&source, 0, source.len(), &edits)).unwrap();
        for (id, mutant) in mutants {
            report.push(json!({
                "id": id, "file": file, "name": mutant["name"], "placed": finder.placed.contains(&id),
            }));
        }
    }
    fs::write(&args[3], serde_json::to_vec_pretty(&report).unwrap()).unwrap();
}
