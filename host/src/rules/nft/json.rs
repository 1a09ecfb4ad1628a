//! What `nft -j` prints, as the text that `nft list ruleset` prints of the same rules.

use std::fmt::Write as _;

use serde_json::Value;

/// The text of a ruleset in JSON.
///
/// # Errors
/// What it lacks or has that is not known.
pub(super) fn listed(json: &str) -> Result<String, String> {
    let value: Value = serde_json::from_str(json).map_err(|error| format!("bad JSON: {error}"))?;
    let objects = value.get("nftables").and_then(Value::as_array);
    let objects = objects.ok_or("no list `nftables` in the JSON")?;
    let of_kind = |kind: &'static str| objects.iter().filter_map(move |object| object.get(kind));
    let mut text = String::new();
    for table in of_kind("table") {
        let (family, name) = (word(table, "family")?, word(table, "name")?);
        let is_inside = |object: &&Value| {
            object.get("table") == table.get("name") && object.get("family") == table.get("family")
        };
        line(&mut text, 0, &format!("table {family} {name} {{"));
        for kind in ["set", "map"] {
            for set in of_kind(kind).filter(is_inside) {
                list_set(&mut text, kind, set)?;
            }
        }
        for chain in of_kind("chain").filter(is_inside) {
            let rules = of_kind("rule").filter(is_inside);
            let rules = rules.filter(|rule| rule.get("chain") == chain.get("name"));
            list_chain(&mut text, chain, rules)?;
        }
        line(&mut text, 0, "}");
    }
    Ok(text)
}

fn line(text: &mut String, depth: usize, words: &str) {
    text.extend(std::iter::repeat_n('\t', depth));
    text.push_str(words);
    text.push('\n');
}

fn word<'v>(object: &'v Value, key: &str) -> Result<&'v str, String> {
    let word = object.get(key).and_then(Value::as_str);
    word.ok_or_else(|| format!("`{key}` is missing in {}", shortened(object)))
}

fn list_set(text: &mut String, kind: &str, set: &Value) -> Result<(), String> {
    line(text, 1, &format!("{kind} {} {{", word(set, "name")?));
    if let Some(elements) = set.get("elem") {
        line(text, 2, &format!("elements = {}", set_of(elements)?));
    }
    line(text, 1, "}");
    Ok(())
}

fn list_chain<'r>(
    text: &mut String,
    chain: &Value,
    rules: impl Iterator<Item = &'r Value>,
) -> Result<(), String> {
    line(text, 1, &format!("chain {} {{", word(chain, "name")?));
    if let (Some(hook), Some(priority)) = (chain.get("hook"), chain.get("prio")) {
        let (kind, hook) = (word(chain, "type")?, value(hook)?);
        let policy = word(chain, "policy").unwrap_or("accept");
        let base = format!("type {kind} hook {hook} priority {priority}; policy {policy};");
        line(text, 2, &base);
    }
    for rule in rules {
        let mut words = Vec::new();
        for statement in rule.get("expr").and_then(Value::as_array).into_iter().flatten() {
            words.push(self::statement(statement)?);
        }
        if let Some(comment) = rule.get("comment").and_then(Value::as_str) {
            words.push(format!("comment {}", quoted(comment)));
        }
        line(text, 2, &words.join(" "));
    }
    line(text, 1, "}");
    Ok(())
}

/// The one key of an object, and its value.
fn only(object: &Value) -> Result<(&str, &Value), String> {
    let entry = object.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    let (name, value) = entry.ok_or_else(|| format!("unexpected {}", shortened(object)))?;
    Ok((name, value))
}

fn statement(object: &Value) -> Result<String, String> {
    let (name, inside) = only(object)?;
    Ok(match name {
        "match" => matching(inside)?,
        "vmap" => {
            let (key, elements) = (part(inside, "key")?, part(inside, "data")?);
            format!("{} vmap {}", value(key)?, value(elements)?)
        }
        "notrack" | "accept" | "drop" | "return" | "continue" | "counter" | "log" => {
            name.to_owned()
        }
        "jump" | "goto" => format!("{name} {}", word(inside, "target")?),
        "mangle" => {
            format!("{} set {}", value(part(inside, "key")?)?, value(part(inside, "value")?)?)
        }
        "xt" => format!("xt {} {}", word(inside, "type")?, word(inside, "name")?),
        // The text's reader names what it does not know.
        _ => name.to_owned(),
    })
}

fn part<'v>(object: &'v Value, key: &str) -> Result<&'v Value, String> {
    object.get(key).ok_or_else(|| format!("`{key}` is missing in {}", shortened(object)))
}

fn matching(object: &Value) -> Result<String, String> {
    let (left, right) = (value(part(object, "left")?)?, value(part(object, "right")?)?);
    Ok(match word(object, "op")? {
        // Compared with all bits; without the sign one flag in common would be enough.
        "==" if left.ends_with("flags") || left.contains(" & ") => format!("{left} == {right}"),
        "==" | "in" => format!("{left} {right}"),
        operator => format!("{left} {operator} {right}"),
    })
}

/// An expression, or a value.
fn value(of: &Value) -> Result<String, String> {
    match of {
        Value::String(text) if is_plain(text) => Ok(text.clone()),
        Value::String(text) => Ok(quoted(text)),
        Value::Number(number) => Ok(number.to_string()),
        Value::Array(parts) => {
            let parts: Result<Vec<String>, String> = parts.iter().map(value).collect();
            Ok(parts?.join(","))
        }
        Value::Object(_) => expression(of),
        Value::Null | Value::Bool(_) => Err(format!("unexpected {of}")),
    }
}

fn expression(object: &Value) -> Result<String, String> {
    let (name, inside) = only(object)?;
    Ok(match name {
        "payload" => format!("{} {}", word(inside, "protocol")?, word(inside, "field")?),
        "meta" => {
            let key = word(inside, "key")?;
            match key {
                "iif" | "iifname" | "oif" | "oifname" => key.to_owned(),
                _ => format!("meta {key}"),
            }
        }
        "ct" => format!("ct {}", word(inside, "key")?),
        "fib" => format!(
            "fib {} {}",
            value(part(inside, "flags")?)?.replace(',', " . "),
            word(inside, "result")?
        ),
        "concat" => {
            let parts = inside.as_array().map(Vec::as_slice).unwrap_or_default();
            let parts: Result<Vec<String>, String> = parts.iter().map(value).collect();
            parts?.join(" . ")
        }
        "prefix" => format!("{}/{}", value(part(inside, "addr")?)?, part(inside, "len")?),
        "range" => {
            let parts = inside.as_array().map(Vec::as_slice).unwrap_or_default();
            let parts: Result<Vec<String>, String> = parts.iter().map(value).collect();
            parts?.join("-")
        }
        "set" => set_of(inside)?,
        "elem" => value(part(inside, "val")?)?,
        "&" | "|" | "^" => {
            let parts = inside.as_array().map(Vec::as_slice).unwrap_or_default();
            let parts: Result<Vec<String>, String> = parts.iter().map(value).collect();
            let flags = parts?.into_iter().map(|part| match part.contains(',') {
                true => format!("({})", part.replace(',', " | ")),
                false => part,
            });
            flags.collect::<Vec<_>>().join(&format!(" {name} "))
        }
        _ => statement(object)?,
    })
}

/// `{ 53, 123 }`, `{ "eth0" : drop }`
fn set_of(elements: &Value) -> Result<String, String> {
    let one = std::slice::from_ref(elements);
    let elements = elements.as_array().map_or(one, Vec::as_slice);
    let mut text = "{".to_owned();
    for (index, element) in elements.iter().enumerate() {
        let element = match element.as_array().map(Vec::as_slice) {
            Some([key, verdict]) => format!("{} : {}", value(key)?, value(verdict)?),
            _ => value(element)?,
        };
        let comma = if index > 0 { "," } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma} {element}");
    }
    text.push_str(" }");
    Ok(text)
}

/// Whether a word needs no quotes.
fn is_plain(text: &str) -> bool {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "@_-.:/".contains(c);
    !text.is_empty() && text.chars().all(is_of_word)
}

/// The word in quotes. What would end them early cannot stand in nft's words either.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(['"', '\n'], "'"))
}

/// The beginning of an object, to name it by.
fn shortened(object: &Value) -> String {
    let text = object.to_string();
    let begin: String = text.chars().take(60).collect();
    if begin.len() < text.len() { format!("`{begin}...`") } else { format!("`{begin}`") }
}
