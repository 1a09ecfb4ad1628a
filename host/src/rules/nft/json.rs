//! What `nft -j` prints, as the text that `nft list ruleset` prints of the same rules, with the
//! place in the JSON of every part.

mod expression;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use self::expression::{quoted, set_of, statement, value, word};
use crate::diagnostic::{Diagnostic, Fault};
use crate::source::{Origin, Source};

/// How much of an object is shown, in characters.
const MAX_SHOWN_LEN: usize = 200;

/// A ruleset in JSON, and what of the listed text stands for what of it.
#[derive(Debug)]
struct Json {
    objects: Vec<Value>,
    /// Where in the text a part begins.
    parts: Vec<(usize, Part)>,
}

/// An object of the list, or one statement of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    object: usize,
    statement: Option<usize>,
}

/// The text of a ruleset in JSON.
///
/// # Errors
/// What it lacks or has that is not known.
pub(super) fn listed(file: &Source) -> Result<Source, Diagnostic> {
    let value: Value = serde_json::from_str(file.text()).map_err(|error| bad_json(file, &error))?;
    let Value::Object(mut map) = value else { return Err(no_list(file)) };
    let Some(Value::Array(objects)) = map.remove("nftables") else { return Err(no_list(file)) };
    let mut json = Json { objects, parts: Vec::new() };
    let mut writer = Writer { json: &json, text: String::new(), parts: Vec::new() };
    match writer.ruleset() {
        Ok(()) => {
            let Writer { text, parts, .. } = writer;
            json.parts = parts;
            Ok(Source::made(file.name().to_owned(), text, Arc::new(json)))
        }
        Err((part, what)) => {
            // The part is all that the text has, so it is marked whole.
            json.parts = vec![(0, part)];
            let shown = Source::made(file.name().to_owned(), String::new(), Arc::new(json));
            Err(Diagnostic::new(Fault::new(0..0, what).help(HELP), &shown))
        }
    }
}

fn bad_json(file: &Source, error: &serde_json::Error) -> Diagnostic {
    let lines = file.text().split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(file.text().len());
    // The column counts bytes, and may stand inside of a character.
    let at = (0..=at).rev().find(|at| file.text().is_char_boundary(*at)).unwrap_or(0);
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let fault = Fault::new(at..at, format!("bad JSON: {what}")).help(HELP);
    Diagnostic::new(fault, file)
}

fn no_list(file: &Source) -> Diagnostic {
    let title = format!("{}: no list `nftables` in the JSON", file.name());
    Diagnostic::without_place(&title, Some(HELP))
}

const HELP: &str = "give the output of `nft -j list ruleset`";

impl Json {
    /// The place of a part, `nftables[5].rule.expr[2]`, and how it is written.
    fn place(&self, part: Part) -> (String, String) {
        let object = self.objects.get(part.object).unwrap_or(&Value::Null);
        let mut path = format!("nftables[{}]", part.object);
        let (kind, inside) = kind_of(object);
        if !kind.is_empty() {
            path.push('.');
            path.push_str(kind);
        }
        let statement = part.statement.and_then(|at| inside.get("expr")?.get(at));
        if let Some(at) = part.statement {
            path.push_str(&format!(".expr[{at}]"));
        }
        let text = statement.unwrap_or(object).to_string();
        (path, text.chars().take(MAX_SHOWN_LEN).collect())
    }
}

impl Origin for Json {
    fn part(&self, at: usize) -> (String, String) {
        let behind = self.parts.partition_point(|(start, _)| *start <= at);
        let known = behind.checked_sub(1).and_then(|at| self.parts.get(at));
        self.place(known.map_or(Part { object: 0, statement: None }, |(_, part)| *part))
    }
}

/// What an object of the list is, and what stands in it. A list of commands has it inside of
/// `add`.
fn kind_of(object: &Value) -> (&str, &Value) {
    let object = object.get("add").or(object.get("create")).unwrap_or(object);
    let only = object.as_object().and_then(|map| map.iter().next());
    only.map_or(("", &Value::Null), |(kind, inside)| (kind.as_str(), inside))
}

/// What belongs to a table, by the places of the objects.
#[derive(Debug, Default)]
struct Inside {
    sets: Vec<usize>,
    chains: Vec<usize>,
}

/// A family and the name of a table, or the name of one of its chains besides.
type Name<'v> = (&'v str, &'v str, &'v str);

/// What is wrong with a part.
type Wrong = (Part, String);

struct Writer<'j> {
    json: &'j Json,
    text: String,
    parts: Vec<(usize, Part)>,
}

impl<'j> Writer<'j> {
    fn ruleset(&mut self) -> Result<(), Wrong> {
        let mut tables: Vec<(usize, &Value)> = Vec::new();
        let mut inside: HashMap<Name<'j>, Inside> = HashMap::new();
        let mut rules: HashMap<Name<'j>, Vec<usize>> = HashMap::new();
        let objects: &'j [Value] = &self.json.objects;
        for (at, object) in objects.iter().enumerate() {
            let (kind, object) = kind_of(object);
            let name = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
            let table = (name("family"), name("table"), "");
            match kind {
                "table" => tables.push((at, object)),
                "set" | "map" => inside.entry(table).or_default().sets.push(at),
                "chain" => inside.entry(table).or_default().chains.push(at),
                "rule" => {
                    rules.entry((table.0, table.1, name("chain"))).or_default().push(at);
                }
                _ => {}
            }
        }
        for (at, table) in tables {
            let part = Part { object: at, statement: None };
            let of = |key: &str| word(table, key).map_err(|what| (part, what));
            let (family, name) = (of("family")?, of("name")?);
            self.line(0, part, &format!("table {family} {name} {{"));
            if let Some(flags) = table.get("flags") {
                let flags = value(flags).map_err(|what| (part, what))?;
                self.line(1, part, &format!("flags {flags}"));
            }
            let mine = inside.remove(&(family, name, "")).unwrap_or_default();
            for at in mine.sets {
                self.set(at)?;
            }
            for at in mine.chains {
                let chain = objects.get(at).and_then(|object| kind_of(object).1.get("name"));
                let chain = chain.and_then(Value::as_str).unwrap_or_default();
                let rules = rules.remove(&(family, name, chain)).unwrap_or_default();
                self.chain(at, &rules)?;
            }
            self.line(0, part, "}");
        }
        Ok(())
    }

    fn line(&mut self, depth: usize, part: Part, words: &str) {
        self.parts.push((self.text.len(), part));
        self.text.extend(std::iter::repeat_n('\t', depth));
        self.text.push_str(words);
        self.text.push('\n');
    }

    fn object(&self, at: usize) -> (&'j str, &'j Value) {
        self.json.objects.get(at).map_or(("", &Value::Null), kind_of)
    }

    fn set(&mut self, at: usize) -> Result<(), Wrong> {
        let (kind, set) = self.object(at);
        let part = Part { object: at, statement: None };
        let wrong = |what| (part, what);
        let name = word(set, "name").map_err(wrong)?;
        self.line(1, part, &format!("{kind} {name} {{"));
        if let Some(elements) = set.get("elem") {
            let elements = set_of(elements).map_err(wrong)?;
            self.line(2, part, &format!("elements = {elements}"));
        }
        self.line(1, part, "}");
        Ok(())
    }

    fn chain(&mut self, at: usize, rules: &[usize]) -> Result<(), Wrong> {
        let (_, chain) = self.object(at);
        let part = Part { object: at, statement: None };
        let wrong = |what| (part, what);
        let name = word(chain, "name").map_err(wrong)?;
        self.line(1, part, &format!("chain {name} {{"));
        if let (Some(hook), Some(priority)) = (chain.get("hook"), chain.get("prio")) {
            let kind = word(chain, "type").map_err(wrong)?;
            let hook = value(hook).map_err(wrong)?;
            let policy = word(chain, "policy").unwrap_or("accept");
            let base = format!("type {kind} hook {hook} priority {priority}; policy {policy};");
            self.line(2, part, &base);
        }
        for rule in rules {
            self.rule(*rule)?;
        }
        self.line(1, part, "}");
        Ok(())
    }

    fn rule(&mut self, at: usize) -> Result<(), Wrong> {
        let (_, rule) = self.object(at);
        let statements = rule.get("expr").and_then(Value::as_array).into_iter().flatten();
        self.text.push_str("\t\t");
        for (number, object) in statements.enumerate() {
            let part = Part { object: at, statement: Some(number) };
            let words = statement(object).map_err(|what| (part, what))?;
            if number > 0 {
                self.text.push(' ');
            }
            self.parts.push((self.text.len(), part));
            self.text.push_str(&words);
        }
        if let Some(comment) = rule.get("comment").and_then(Value::as_str) {
            self.text.push_str(&format!(" comment {}", quoted(comment)));
        }
        self.text.push('\n');
        Ok(())
    }
}
