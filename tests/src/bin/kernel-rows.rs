//! Plays Linux's rules, row by row, to the running kernel, and every cell of its tables for TCP and
//! SCTP.
//!
//! Needs root. With `--record` what the kernel tells of the cells is kept in `tests/golden`.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use keeptrack_tests::nf::{self, Kernel, Version};
use keeptrack_tests::ours::Ours;
use keeptrack_tests::rows::{self, Case, Cells, SLOT_COUNT};

/// How many were asked about, and how many were told otherwise.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    count: usize,
    differing_count: usize,
    /// Those that differ as the version of the kernel is known to.
    excused_count: usize,
}

fn main() -> ExitCode {
    let is_recording = match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        [] => false,
        [option] if option == "--record" => true,
        _ => {
            eprintln!("usage: kernel-rows [--record]");
            return ExitCode::from(2);
        }
    };
    match if is_recording { record() } else { compare() } {
        Ok(tally) if tally.differing_count == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn compare() -> Result<Tally, String> {
    let version = Version::running().map_err(|error| error.to_string())?;
    let mut by_settings: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in rows::cases()? {
        by_settings.entry(case.settings.to_string()).or_default().push(case);
    }
    let mut rows = Tally::default();
    for cases in by_settings.values() {
        rows.add(play(cases, &version)?);
    }
    let mut cells = Tally::default();
    for table in Cells::ALL {
        let file = table.file();
        let kept =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let told = table.told(&mut Kernel::new(nf::Settings::default())?)?;
        let differences = Cells::differences(&kept, &told);
        differences.iter().for_each(|difference| println!("{}: {difference}", file.display()));
        cells.add(Tally {
            count: Cells::count(&told),
            differing_count: differences.len(),
            ..Tally::default()
        });
    }
    println!(
        "REPORT {} of {} rows and {} of {} cells are {version}'s",
        rows.equal_count(),
        rows.count,
        cells.equal_count(),
        cells.count
    );
    rows.add(cells);
    Ok(rows)
}

/// Plays cases of the same settings.
fn play(cases: &[Case], version: &Version) -> Result<Tally, String> {
    let Some(Case { settings, .. }) = cases.first() else { return Ok(Tally::default()) };
    let sysctls = settings.assignments();
    let given = sysctls.fold(nf::Settings::default(), |all, (name, value)| all.with(&name, value));
    let mut kernel = Kernel::new(given)?;
    let mut ours = Ours::new(settings.config()?, SLOT_COUNT)?;
    let mut tally = Tally { count: cases.len(), ..Tally::default() };
    for case in cases {
        let differences = match rows::play(case, &mut kernel) {
            Ok(differences) => differences,
            Err(fault) => {
                println!("{}\n    {fault}", case.name);
                tally.differing_count += 1;
                continue;
            }
        };
        let Some(first) = differences.first() else { continue };
        let (packet, our_answer) = rows::tell(case, first, &mut ours)?;
        if let Some(known) = version.explains(&packet, &first.told, &our_answer) {
            println!("REPORT {} differs as it is known to: {}", case.name, known.what);
            tally.excused_count += 1;
            continue;
        }
        tally.differing_count += 1;
        println!("{}", case.name);
        differences.iter().for_each(|difference| println!("    {}", difference.text));
    }
    Ok(tally)
}

fn record() -> Result<Tally, String> {
    let mut kernel = Kernel::new(nf::Settings::default())?;
    for table in Cells::ALL {
        let (file, text) = (table.file(), table.told(&mut kernel)?);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(Tally::default())
}

impl Tally {
    fn add(&mut self, more: Self) {
        self.count += more.count;
        self.differing_count += more.differing_count;
        self.excused_count += more.excused_count;
    }

    fn equal_count(self) -> usize {
        self.count.saturating_sub(self.differing_count + self.excused_count)
    }
}
