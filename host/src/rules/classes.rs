//! The classes that rules put newcomers in, by the names that they give them.

use keeptrack_core::Class;

use super::words::Word;
use crate::diagnostic::Fault;

/// The longest name, in bytes.
const MAX_NAME_LEN: usize = 31;

/// The names of all classes, in the order in which rules first name them.
#[derive(Debug, Clone, Default)]
pub(super) struct Classes {
    names: Vec<String>,
}

impl Classes {
    /// The class called `name`, which is a new one if no rule has named it yet.
    pub(super) fn named(&mut self, name: &Word) -> Result<Class, Fault> {
        if let Some(class) = self.find(&name.text) {
            return Ok(class);
        }
        check(name)?;
        let class = Class::at(self.names.len()).ok_or_else(|| {
            let title = format!("more than {} classes", self.names.len());
            Fault::new(name.span.clone(), title)
                .label("one too many")
                .note(format!("there are: {}", self.names.join(", ")))
        })?;
        self.names.push(name.text.clone());
        Ok(class)
    }

    pub(super) fn find(&self, name: &str) -> Option<Class> {
        self.all().find(|(known, _)| *known == name).map(|(_, class)| class)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, Class)> {
        let names = self.names.iter().map(String::as_str).enumerate();
        names.filter_map(|(index, name)| Some((name, Class::at(index)?)))
    }
}

/// That a name can stand in `--on-full ranked:reserve=NAME/N`.
fn check(name: &Word) -> Result<(), Fault> {
    let text = name.text.as_str();
    let fault = |title: String| Fault::new(name.span.clone(), title);
    if text.is_empty() || text.len() > MAX_NAME_LEN {
        return Err(fault(format!("a name of {} bytes", text.len()))
            .label(format!("a class has one of 1 to {MAX_NAME_LEN}")));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !text.bytes().all(is_plain) || !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(fault(format!("`{text}` is not a name of a class"))
            .label("a letter, then letters, digits, `-`, `_` and `.`"));
    }
    Ok(())
}
