//! The words of a line.

/// The words of a line that are not read yet: what stands between white space, and dates.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'l>(&'l str);

impl<'l> Tokens<'l> {
    pub(super) const fn new(line: &'l str) -> Self {
        Self(line)
    }

    /// What is not read yet.
    pub(super) const fn remainder(&self) -> &'l str {
        self.0
    }

    /// What is not read yet, which is read then.
    pub(super) fn rest(&mut self) -> &'l str {
        std::mem::take(&mut self.0)
    }

    /// The next word, which stays.
    pub(super) fn peek(&self) -> Option<&'l str> {
        self.clone().next()
    }
}

impl<'l> Iterator for Tokens<'l> {
    type Item = &'l str;

    fn next(&mut self) -> Option<&'l str> {
        let rest = self.0.trim_ascii_start();
        let is_date = rest.starts_with("[st");
        let end = if is_date {
            rest.find(']').map(|at| at + 1)
        } else {
            rest.bytes().position(|byte| byte.is_ascii_whitespace())
        };
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.0 = rest;
        Some(word).filter(|word| !word.is_empty())
    }
}

/// Words of a line that are of no version known here, and are passed over.
#[derive(Debug, Default)]
pub(super) struct Unknown<'l> {
    pub(super) count: u64,
    pub(super) first: Option<&'l str>,
}

impl<'l> Unknown<'l> {
    pub(super) fn note(&mut self, word: &'l str) {
        self.count += 1;
        self.first.get_or_insert(word);
    }
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    #[test]
    fn a_date_is_one_word() {
        let line = " a\tb=1  [start=Sun Nov  1 13:46:53 2026] [x] [stop=Sun Nov\r\n";
        let words: Vec<&str> = Tokens::new(line).collect();
        let cut = "[stop=Sun Nov\r\n";
        assert_eq!(words, ["a", "b=1", "[start=Sun Nov  1 13:46:53 2026]", "[x]", cut]);
    }
}
