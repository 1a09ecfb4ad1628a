//! What a board's image takes, read from the image: sections, and the symbols of what is large.

use std::error::Error;

use keeptrack_core::{SourcePlace, bytes_a_table, bytes_an_entry};
use object::{File, Object, ObjectSection, ObjectSymbol, SectionKind};

/// What an image takes, in bytes, but for what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Code, constants, and the first values of variables.
    pub flash: u64,
    /// Variables, the table among them.
    pub variables: u64,
    /// Of those, the table of connections, the places of their sources included.
    pub table: u64,
    /// What is kept for the stack.
    pub stack: u64,
    /// What is left of the RAM behind the variables.
    pub spare: u64,
    /// What the board wants to be left, as `_ram_spare` in its memory.x says.
    pub spare_asked: u64,
    /// How many connections the table holds.
    pub connection_count: u64,
}

impl Size {
    /// Of an image whose table and sources are the statics `STORAGE` and `SOURCES`, of a table that is
    /// small enough for links of 16 bits.
    ///
    /// # Errors
    /// The image lacks a symbol, or what these say does not agree.
    pub fn of(image: &File<'_>) -> Result<Self, Box<dyn Error>> {
        let [storage, sources] = [variable(image, "::STORAGE")?, variable(image, "::SOURCES")?];
        let [top, lowest] = [edge(image, "_stack_start")?, edge(image, "_stack_end")?];
        let [ram_end, spare_asked] = [edge(image, "_ram_end")?, edge(image, "_ram_spare")?];
        let table = u64::try_from(bytes_a_table::<u16>())?;
        let entry = u64::try_from(bytes_an_entry::<u16>())?;
        // A static may have a mark beside it that it is taken: less than an entry.
        let connection_count = storage.saturating_sub(table) / entry;
        if sources / u64::try_from(size_of::<SourcePlace>())? != connection_count + 1 {
            let what =
                format!("{connection_count} connections in STORAGE, another count in SOURCES");
            return Err(what.into());
        }
        let mut size = Self {
            flash: 0,
            variables: 0,
            table: storage + sources,
            stack: top.saturating_sub(lowest),
            spare: ram_end.saturating_sub(lowest),
            spare_asked,
            connection_count,
        };
        for section in image.sections() {
            size.add(&section, ram_end)?;
        }
        Ok(size)
    }

    fn add(
        &mut self,
        section: &object::Section<'_, '_>,
        ram_end: u64,
    ) -> Result<(), object::Error> {
        match (section.kind(), section.name()?) {
            // What is left of the RAM, which is nobody's or the stack's.
            (_, ".heap" | ".stack") => return Ok(()),
            (SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString, _) => {
                self.flash += section.size();
                return Ok(());
            }
            (SectionKind::Data, _) => self.flash += section.size(),
            (SectionKind::UninitializedData, _) => {}
            _ => return Ok(()),
        }
        self.variables += section.size();
        let behind = ram_end.saturating_sub(section.address() + section.size());
        self.spare = self.spare.min(behind);
        Ok(())
    }
}

/// Bytes that a connection takes: its entry, and its source's place.
#[must_use]
pub const fn bytes_a_connection() -> usize {
    bytes_an_entry::<u16>() + size_of::<SourcePlace>()
}

/// How large the static is whose name ends so.
fn variable(image: &File<'_>, end: &str) -> Result<u64, String> {
    let is_it = |name: &str| format!("{:#}", rustc_demangle::demangle(name)).ends_with(end);
    let mut found = image.symbols().filter(|symbol| symbol.name().is_ok_and(is_it));
    match (found.next(), found.next()) {
        (Some(symbol), None) => Ok(symbol.size()),
        (None, _) => Err(format!("no static `{end}` in it")),
        (Some(_), Some(_)) => Err(format!("more than one static `{end}` in it")),
    }
}

/// The address or the number that the linker script calls so.
pub(crate) fn edge(image: &File<'_>, name: &str) -> Result<u64, String> {
    let symbol = image.symbol_by_name(name);
    symbol.map(|symbol| symbol.address()).ok_or_else(|| format!("no symbol {name} in it"))
}
