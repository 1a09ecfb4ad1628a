//! Parts of datagrams: what Linux makes of them, in stories, and what must be so of all.

#[cfg(test)]
mod follow;
#[cfg(test)]
mod properties;
mod story;

pub use story::Story;

/// What Linux makes of parts of datagrams.
///
/// # Errors
/// When the stories cannot be understood, with the line.
pub fn stories() -> Result<Vec<Story>, String> {
    Story::read(include_str!("linux.stories"))
}

#[cfg(test)]
mod tests {
    use keeptrack_core::Config;

    use super::stories;
    use crate::ours::Ours;

    #[test]
    fn every_story_is_so_here() {
        let mut ours = Ours::new(Config::LINUX, 16).unwrap();
        let differences: Vec<String> = stories()
            .unwrap()
            .iter()
            .filter_map(|story| story.difference(&mut ours).unwrap())
            .collect();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}
