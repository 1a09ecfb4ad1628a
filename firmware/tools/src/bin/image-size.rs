//! What boards' images take: `image-size FOLDER BOARD...`, a column a board, of the images `BOARD.elf` in
//! FOLDER.
//!
//! How deep the stack was is asked of the board itself, which paints it, after some frames through its
//! emulator.

use std::env::args;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread::scope;

use keeptrack_tools::feed::Feed;
use keeptrack_tools::frames::Churn;
use keeptrack_tools::machine::{Machine, Setup};
use keeptrack_tools::scratch::Scratch;
use keeptrack_tools::size::{Size, bytes_a_connection};
use keeptrack_tools::status::{STACK, WAIT, stack};
use keeptrack_tools::wires::Wires;
use object::File;

type Fault = Box<dyn Error + Send + Sync>;

/// Far more connections than a board has slots, and what is odd between them.
const FRAME_COUNT: u64 = 20_000;

/// Any will do; the same frames on every run go equally deep.
const SEED: u64 = 1;

fn main() -> ExitCode {
    let arguments: Vec<String> = args().skip(1).collect();
    let [folder, boards @ ..] = arguments.as_slice() else { return usage() };
    if boards.is_empty() {
        return usage();
    }
    let folder = Path::new(folder);
    match Scratch::new().map_err(Fault::from).and_then(|_scratch| columns(folder, boards)) {
        Ok(columns) => {
            print(&columns);
            judge(&columns)
        }
        Err(why) => {
            eprintln!("image-size: {why}");
            ExitCode::from(2)
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: image-size FOLDER BOARD...");
    ExitCode::from(2)
}

/// One for each board. All are looked at at once: most of the time is waiting for what they say.
fn columns<'b>(images: &Path, boards: &'b [String]) -> Result<Vec<Column<'b>>, Fault> {
    scope(|scope| {
        let look = |board: &'b String| scope.spawn(move || Column::of(images, board));
        let looks: Vec<_> = boards.iter().map(look).collect();
        let looks = boards.iter().zip(looks);
        let columns = looks.map(|(board, look)| match look.join() {
            Ok(column) => column.map_err(|why| format!("{board}: {why}").into()),
            Err(_) => Err(format!("{board}: the look at it panicked").into()),
        });
        columns.collect()
    })
}

/// What a board's image takes.
struct Column<'b> {
    board: &'b str,
    size: Size,
    /// Bytes of the stack that were ever in use; None without an emulator.
    deepest: Option<u64>,
}

impl<'b> Column<'b> {
    fn of(images: &Path, board: &'b str) -> Result<Self, Fault> {
        let folder = tempfile::tempdir()?;
        let image = images.join(board).with_extension("elf");
        let setup = Setup { image, ..Setup::of(board, folder.path()) };
        let elf = fs::read(&setup.image)?;
        let size = Size::of(&File::parse(&*elf)?).map_err(|why| why.to_string())?;
        let deepest = if has_emulator(&setup)? { Some(deepest(&setup)?) } else { None };
        Ok(Self { board, size, deepest })
    }
}

/// Whether the board has an emulator, and what that needs is installed.
fn has_emulator(setup: &Setup) -> Result<bool, Fault> {
    let script = setup.board.join("machine");
    Ok(script.exists() && Command::new(script).arg("--check").status()?.success())
}

/// How many bytes of its stack a board needed for some frames.
fn deepest(setup: &Setup) -> Result<u64, Fault> {
    let wires = Wires::open(&setup.board, &setup.folder)?;
    let mut machine = Machine::start(setup)?;
    let mut feed = Feed::new(&wires, |_| Ok(()));
    feed.open()?;
    for (frame, _) in Churn::new(SEED).zip(0..FRAME_COUNT) {
        feed.send(&frame)?;
    }
    feed.settle()?;
    let from = machine.log().len();
    let line = machine.wait_for(from, STACK, WAIT)?.message;
    machine.stop()?;
    let (deepest, _) = stack(&line).ok_or_else(|| format!("no figures in `{line}`"))?;
    Ok(deepest)
}

fn print(columns: &[Column<'_>]) {
    let line = |words: &str, figure: &dyn Fn(&Column<'_>) -> String| {
        let figures = columns.iter().map(figure);
        let figures: String = figures.map(|figure| format!("{figure:>14}")).collect();
        println!("{words:<42}{figures}");
    };
    let used = format!("    of these ever used in {} frames", grouped(FRAME_COUNT));
    line("", &|column| column.board.to_owned());
    line("connections", &|column| grouped(column.size.connection_count));
    line("bytes a connection, IPv4 or IPv6", &|_| bytes_a_connection().to_string());
    line("RAM for variables, bytes", &|column| grouped(column.size.variables));
    line("    of these for connections", &|column| grouped(column.size.table));
    line("RAM for the stack, bytes", &|column| grouped(column.size.stack));
    line(&used, &|column| match column.deepest {
        Some(deepest) => grouped(deepest),
        None => "no emulator".to_owned(),
    });
    line("RAM in all, bytes", &|column| grouped(column.size.variables + column.size.stack));
    line("RAM to spare, bytes", &|column| grouped(column.size.spare));
    line("flash, bytes", &|column| grouped(column.size.flash));
}

/// Names the boards that have less to spare than they want.
fn judge(columns: &[Column<'_>]) -> ExitCode {
    let mut verdict = ExitCode::SUCCESS;
    for Column { board, size, .. } in columns {
        let [spare, asked] = [size.spare, size.spare_asked].map(grouped);
        if size.spare < size.spare_asked {
            eprintln!("image-size: {board}: {spare} bytes to spare, its memory.x wants {asked}");
            verdict = ExitCode::FAILURE;
        }
    }
    verdict
}

/// `480,680`.
fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}
