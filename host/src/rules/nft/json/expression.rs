//! Statements and expressions of `nft -j` in the words of nft.

use std::fmt::Write as _;

use serde_json::Value;

/// The one key of an object, and its value.
fn only(object: &Value) -> Result<(&str, &Value), String> {
    let entry = object.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    let (name, value) = entry.ok_or_else(|| format!("unexpected {}", shortened(object)))?;
    Ok((name, value))
}

/// A statement of a rule.
pub(super) fn statement(object: &Value) -> Result<String, String> {
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
        "snat" | "dnat" | "redirect" | "masquerade" => translation(name, inside)?,
        "xt" => format!("xt {} {}", word(inside, "type")?, word(inside, "name")?),
        // The text's reader names what it does not know.
        _ => name.to_owned(),
    })
}

/// `dnat ip to 10.0.0.2:5353`, `redirect to :5353`, `masquerade`
fn translation(name: &str, inside: &Value) -> Result<String, String> {
    let given = |key: &str| inside.get(key).map(value).transpose();
    let family = given("family")?.map_or(String::new(), |family| format!(" {family}"));
    let port = given("port")?.map_or(String::new(), |port| format!(":{port}"));
    let address = given("addr")?.map(|address| match address.contains(':') && !port.is_empty() {
        true => format!("[{address}]"),
        false => address,
    });
    Ok(match address.unwrap_or_default() + &port {
        to if to.is_empty() => name.to_owned(),
        to => format!("{name}{family} to {to}"),
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
pub(super) fn value(of: &Value) -> Result<String, String> {
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
        "map" => {
            let (key, elements) = (part(inside, "key")?, part(inside, "data")?);
            format!("{} map {}", value(key)?, value(elements)?)
        }
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
pub(super) fn set_of(elements: &Value) -> Result<String, String> {
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
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(['"', '\n'], "'"))
}

/// The text that an object has by that name.
pub(super) fn word<'v>(object: &'v Value, key: &str) -> Result<&'v str, String> {
    let word = object.get(key).and_then(Value::as_str);
    word.ok_or_else(|| format!("`{key}` is missing in {}", shortened(object)))
}

/// The beginning of an object, to name it by.
fn shortened(object: &Value) -> String {
    let text = object.to_string();
    let begin: String = text.chars().take(60).collect();
    if begin.len() < text.len() { format!("`{begin}...`") } else { format!("`{begin}`") }
}
