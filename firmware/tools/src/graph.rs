//! What refers to what in a linked image: its functions and its constants, tables of methods among
//! them, by the relocations that the linker leaves in when it is told `--emit-relocs`.

use std::collections::VecDeque;
use std::error::Error;

use object::elf::R_ARM_ABS32;
use object::read::{Relocation, Section, Symbol};
use object::{
    Architecture, File, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionKind, SymbolKind,
};

/// Who refers to whom in an image.
#[derive(Debug)]
pub struct Graph {
    /// By their addresses.
    nodes: Vec<Node>,
    /// The node that the processor enters first.
    entry: usize,
}

/// A function, a constant or a variable: from its symbol's address to that of the next.
#[derive(Debug)]
pub struct Node {
    /// As in the source, without hashes. There are several where functions are alike.
    pub names: Vec<String>,
    /// Where it begins.
    pub address: u64,
    /// What it calls, or has the address of: each once.
    pub refers: Vec<Reference>,
}

/// That one node refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The other's number.
    pub to: usize,
    /// The address of the first instruction or word that does.
    pub at: u64,
}

impl Graph {
    /// Of an image for Arm or RISC-V, of 32 bits.
    ///
    /// # Errors
    /// The image has no symbols or no relocations, or one that cannot be followed.
    pub fn of(elf: &File<'_>) -> Result<Self, Box<dyn Error>> {
        let nodes = nodes(elf)?;
        let entry = holder(&nodes, elf.entry()).ok_or("no symbol where the image begins to run")?;
        let mut graph = Self { nodes, entry };
        let mut is_bare = true;
        for section in elf.sections().filter(is_read) {
            for (at, relocation) in section.relocations() {
                is_bare = false;
                if let Some(target) = target(elf, &section, (at, &relocation))? {
                    graph.refer(at, target)?;
                }
            }
        }
        if is_bare { Err("no relocations: link it with --emit-relocs".into()) } else { Ok(graph) }
    }

    /// All nodes, by their addresses.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The shortest ways from where the processor begins to all nodes; where none leads, from nodes
    /// that nobody refers to, such as the table of interrupts.
    #[must_use]
    pub fn ways(&self) -> Ways {
        let mut is_referred = vec![false; self.nodes.len()];
        for reference in self.nodes.iter().flat_map(|node| &node.refers) {
            is_referred[reference.to] = true;
        }
        let loose = (0..self.nodes.len()).filter(|&node| !is_referred[node]);
        let mut ways = Ways { from: vec![None; self.nodes.len()] };
        for start in [self.entry].into_iter().chain(loose) {
            self.walk(&mut ways, start, |_| true);
        }
        ways
    }

    /// The shortest ways from the node `start` over such nodes only as pass `through`.
    pub fn ways_from(&self, start: usize, through: impl Fn(&Node) -> bool) -> Ways {
        let mut ways = Ways { from: vec![None; self.nodes.len()] };
        self.walk(&mut ways, start, through);
        ways
    }

    fn walk(&self, ways: &mut Ways, start: usize, through: impl Fn(&Node) -> bool) {
        if ways.lead_to(start) {
            return;
        }
        ways.from[start] = Some(start);
        let mut next = VecDeque::from([start]);
        while let Some(from) = next.pop_front() {
            for &Reference { to, .. } in &self.nodes[from].refers {
                if !ways.lead_to(to) && through(&self.nodes[to]) {
                    ways.from[to] = Some(from);
                    next.push_back(to);
                }
            }
        }
    }

    fn refer(&mut self, at: u64, target: u64) -> Result<(), String> {
        let lost = |address| format!("no symbol lies at or before {address:#x}, met at {at:#x}");
        let from = holder(&self.nodes, at).ok_or_else(|| lost(at))?;
        let to = holder(&self.nodes, target).ok_or_else(|| lost(target))?;
        let refers = &mut self.nodes[from].refers;
        if from != to && refers.iter().all(|known| known.to != to) {
            refers.push(Reference { to, at });
        }
        Ok(())
    }
}

/// How nodes are come to.
#[derive(Debug)]
pub struct Ways {
    /// The node before, or itself where a way begins.
    from: Vec<Option<usize>>,
}

impl Ways {
    /// Whether there is a way to `node`.
    #[must_use]
    pub fn lead_to(&self, node: usize) -> bool {
        self.from.get(node).is_some_and(Option::is_some)
    }

    /// The nodes on the way to `node`, which is the last.
    #[must_use]
    pub fn to(&self, node: usize) -> Vec<usize> {
        let mut way = vec![node];
        let mut last = node;
        while let Some(&Some(before)) = self.from.get(last).filter(|&&before| before != Some(last))
        {
            way.push(before);
            last = before;
        }
        way.reverse();
        way
    }
}

/// Whether it lies in the board's memory.
fn is_placed(section: &Section<'_, '_>) -> bool {
    matches!(
        section.kind(),
        SectionKind::Text
            | SectionKind::ReadOnlyData
            | SectionKind::ReadOnlyString
            | SectionKind::Data
            | SectionKind::UninitializedData
    )
}

/// Whether the program reads it. What is for unwinding speaks of every function, and nobody unwinds.
fn is_read(section: &Section<'_, '_>) -> bool {
    is_placed(section) && section.name() != Ok(".eh_frame")
}

fn nodes(elf: &File<'_>) -> Result<Vec<Node>, object::Error> {
    let mut symbols = Vec::new();
    for symbol in elf.symbols() {
        let name = symbol.name()?;
        // Marks of the assembler lie inside of functions.
        let is_mark = name.starts_with('$') || symbol.size() == 0 && name.starts_with(".L");
        if section(elf, &symbol)?.is_some_and(|section| is_placed(&section))
            && !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File)
            && !is_mark
        {
            let is_edge = symbol.size() == 0;
            symbols.push((address(elf, &symbol), is_edge, name));
        }
    }
    // Of those at one address, what has a size is the thing; the rest are edges of memory.
    symbols.sort_unstable();
    let mut nodes: Vec<Node> = Vec::new();
    for (address, _, name) in symbols {
        let name = format!("{:#}", rustc_demangle::demangle(name));
        match nodes.last_mut() {
            Some(last) if last.address == address => last.names.push(name),
            _ => nodes.push(Node { names: vec![name], address, refers: Vec::new() }),
        }
    }
    Ok(nodes)
}

/// The number of the node that has `address`.
fn holder(nodes: &[Node], address: u64) -> Option<usize> {
    nodes.partition_point(|node| node.address <= address).checked_sub(1)
}

/// The address that a relocation puts in at `at`; None if it puts in none of the board's memory.
fn target<'e>(
    elf: &File<'e>,
    place: &Section<'e, '_>,
    (at, relocation): (u64, &Relocation),
) -> Result<Option<u64>, Box<dyn Error>> {
    let RelocationTarget::Symbol(symbol) = relocation.target() else { return Ok(None) };
    let symbol = elf.symbol_by_index(symbol)?;
    if !section(elf, &symbol)?.is_some_and(|section| is_placed(&section)) {
        return Ok(None);
    }
    let target = match (relocation.has_implicit_addend(), symbol.kind()) {
        (false, _) => address(elf, &symbol).wrapping_add_signed(relocation.addend()),
        // What is added is no longer known, but does not lead out of what has a name.
        (true, kind) if kind != SymbolKind::Section => address(elf, &symbol),
        (true, _) => {
            let word = place.data_range(at, 4)?.and_then(|word| word.try_into().ok());
            let word = u32::from_le_bytes(word.ok_or("a relocation outside of its section")?);
            match relocation.flags() {
                RelocationFlags::Elf { r_type: R_ARM_ABS32 } => u64::from(word),
                flags => return Err(format!("{flags:?} at {at:#x} cannot be followed").into()),
            }
        }
    };
    Ok(Some(target))
}

fn section<'e, 'f>(
    elf: &'f File<'e>,
    symbol: &Symbol<'e, 'f>,
) -> Result<Option<Section<'e, 'f>>, object::Error> {
    symbol.section_index().map(|index| elf.section_by_index(index)).transpose()
}

/// Where a symbol lies, without the bit that tells Thumb code.
fn address(elf: &File<'_>, symbol: &Symbol<'_, '_>) -> u64 {
    match (elf.architecture(), symbol.kind()) {
        (Architecture::Arm, SymbolKind::Text) => symbol.address() & !1,
        _ => symbol.address(),
    }
}
