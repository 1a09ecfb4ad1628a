//! The configurations with which boards are fed.

use std::path::{Path, PathBuf};

use crate::host::{Ran, keeptrack};

/// The files of this crate.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Rules and settings of a gateway.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// What it is called here.
    pub name: &'static str,
    rules: Vec<PathBuf>,
    /// A file of settings.
    settings: PathBuf,
}

impl Configuration {
    /// The built-in rules, and others that leave little room.
    #[must_use]
    pub fn all() -> [Self; 2] {
        let default = Path::new(HERE).join("../firmware/gateway/default");
        let small = Path::new(HERE).join("src/boards");
        let built_in = Self {
            name: "built-in rules",
            rules: ["rules.v4", "rules.v6"].map(|name| default.join(name)).into(),
            settings: default.join("sysctl.conf"),
        };
        let small = Self {
            name: "a small table",
            rules: ["small.rules.v4", "small.rules.v6"].map(|name| small.join(name)).into(),
            settings: small.join("small.sysctl.conf"),
        };
        [built_in, small]
    }

    /// Makes the image that a board reads, and asks it to tell of each packet.
    pub(super) fn compile(&self, image: &Path) -> Result<(), String> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let mut words = vec!["firmware-config".to_owned()];
        words.extend(self.rules.iter().flat_map(|rules| ["--rules".to_owned(), path(rules)]));
        words.extend(["--config".to_owned(), path(&self.settings)]);
        words.extend(["--config", "keeptrack.log=packets", "-o"].map(str::to_owned));
        words.push(path(image));
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let Ran { end, .. } = keeptrack(&words);
        end.map(drop).map_err(|why| format!("{words:?}: {why:?}"))
    }
}
