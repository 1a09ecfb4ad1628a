//! How many bytes of code and constants a function can come to: `text-of ELF NAME`.
//!
//! That is what it takes of an image, beside what begins the program, reads its configuration or
//! drives its ports.

use std::env::args;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

use keeptrack_tools::graph::Graph;
use object::{File, Object, ObjectSection, SectionKind};

fn main() -> ExitCode {
    let [_, image, name] = &*args().collect::<Vec<_>>() else {
        eprintln!("usage: text-of ELF NAME");
        return ExitCode::from(2);
    };
    match text_len(image, name) {
        Ok(len) => {
            println!("{len}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("text-of: {image}: {why}");
            ExitCode::from(2)
        }
    }
}

/// Bytes that are reached from the function whose name contains `name`.
fn text_len(image: &str, name: &str) -> Result<u64, Box<dyn Error>> {
    let elf = fs::read(image)?;
    let elf = File::parse(&*elf)?;
    let graph = Graph::of(&elf)?;
    let nodes = graph.nodes();
    // Some versions of Rust put a method's type into angle brackets.
    let is_it = |names: &[String]| names.iter().any(|one| one.replace(">::", "::").contains(name));
    let start = nodes.iter().position(|node| is_it(&node.names));
    let ways = graph.ways_from(start.ok_or_else(|| format!("no function {name}"))?, |_| true);
    let sections = elf.sections().filter(|section| {
        use SectionKind::{ReadOnlyData, ReadOnlyString, Text};
        matches!(section.kind(), Text | ReadOnlyData | ReadOnlyString)
    });
    let bounds: Vec<_> = sections
        .map(|section| section.address()..section.address().saturating_add(section.size()))
        .collect();
    let ends = nodes.iter().skip(1).map(|node| node.address).chain([u64::MAX]);
    let lens = nodes.iter().zip(ends).enumerate().filter(|(number, _)| ways.lead_to(*number));
    Ok(lens
        .filter_map(|(_, (node, end))| {
            let bound = bounds.iter().find(|bound| bound.contains(&node.address))?;
            Some(end.min(bound.end).saturating_sub(node.address))
        })
        .sum())
}
