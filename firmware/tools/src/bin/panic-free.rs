//! Whether images are free of panics and of allocators: `panic-free ELF...`.
//!
//! None of the panic machinery may be in an image, whoever would call it: what is not there cannot
//! be reached. What is there is named with the ways that lead to it.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use keeptrack_tools::graph::{Graph, Node, Reference};
use object::File;

fn main() -> ExitCode {
    let images: Vec<OsString> = std::env::args_os().skip(1).collect();
    if images.is_empty() {
        eprintln!("usage: panic-free ELF...");
        return ExitCode::from(2);
    }
    let mut is_clean = true;
    for image in &images {
        let image = Path::new(image);
        match check(image) {
            Ok(findings) if findings.is_empty() => {
                println!("{}: no panic, no allocator", image.display());
            }
            Ok(findings) => {
                is_clean = false;
                for finding in findings {
                    eprintln!("panic-free: {}: {finding}", image.display());
                }
                eprintln!("llvm-addr2line -ifCe {} ADDRESS names the lines", image.display());
            }
            Err(why) => {
                eprintln!("panic-free: {}: {why}", image.display());
                return ExitCode::from(2);
            }
        }
    }
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is wrong with an image, in words.
fn check(image: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let elf = fs::read(image)?;
    let graph = Graph::of(&File::parse(&*elf)?)?;
    let ways = graph.ways();
    let is_core = |node: &Node| node.names.iter().any(|name| name.contains("keeptrack_core::"));
    // Else this is no gateway, or the graph is not what its source calls.
    if !(0..).zip(graph.nodes()).any(|(number, node)| is_core(node) && ways.lead_to(number)) {
        return Err("nothing of keeptrack_core is reached in it".into());
    }
    let mut findings = Vec::new();
    for (number, node) in (0..).zip(graph.nodes()).filter(|(_, node)| !is_library(node)) {
        for reference in &node.refers {
            if let Some(beyond) = beyond(&graph, reference) {
                let way = [ways.to(number), beyond].concat();
                findings.push(format!("from {:#x} on:{}", reference.at, names(&graph, &way)));
            }
        }
    }
    if findings.is_empty() {
        // What nobody but the linker script asks for.
        let held = graph.nodes().iter().filter(|node| is_forbidden(node));
        findings.extend(held.map(|node| format!("it holds {}", node.names.join(", "))));
    }
    Ok(findings)
}

/// A way, a line a node.
fn names(graph: &Graph, way: &[usize]) -> String {
    let nodes = way.iter().filter_map(|&number| graph.nodes().get(number)?.names.first());
    nodes.map(|name| format!("\n    {name}")).collect()
}

/// The shortest way from what `reference` means, through libraries alone, to what is forbidden.
fn beyond(graph: &Graph, reference: &Reference) -> Option<Vec<usize>> {
    graph.nodes().get(reference.to).filter(|node| is_library(node))?;
    let ways = graph.ways_from(reference.to, is_library);
    let forbidden = (0..).zip(graph.nodes()).filter(|(_, node)| is_forbidden(node));
    let there = forbidden.filter(|&(number, _)| ways.lead_to(number));
    there.map(|(number, _)| ways.to(number)).min_by_key(Vec::len)
}

/// Panics all end there, whatever asks for them. And nothing may be allocated.
fn is_forbidden(node: &Node) -> bool {
    const PANICS: [&str; 3] = ["core::panicking::", "rust_begin_unwind", "_defmt_panic"];
    const ALLOCATORS: [&str; 5] =
        ["__rust_alloc", "__rust_dealloc", "__rust_realloc", "__rg_alloc", "__rdl_alloc"];
    node.names.iter().any(|name| {
        PANICS.iter().chain(&ALLOCATORS).any(|word| name.contains(word)) || is_of(name, "alloc::")
    })
}

/// Rust's own libraries: a way into them begins where somebody else calls them.
fn is_library(node: &Node) -> bool {
    node.names.first().is_some_and(|name| is_of(name, "core::") || is_of(name, "alloc::"))
        || is_forbidden(node)
}

fn is_of(name: &str, krate: &str) -> bool {
    name.trim_start_matches('<').starts_with(krate)
}
