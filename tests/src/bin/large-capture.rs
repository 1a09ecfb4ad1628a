//! Writes a large capture to stdout: `large-capture --bytes N`.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use keeptrack_tests::large;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let byte_count = match words.as_slice() {
        [option, count] if option == "--bytes" => count.parse().ok(),
        _ => None,
    };
    let Some(byte_count) = byte_count else {
        eprintln!("usage: large-capture --bytes N > FILE");
        return ExitCode::from(2);
    };
    match large::write(&mut BufWriter::new(io::stdout().lock()), byte_count) {
        Ok(written) => {
            let (packets, connections) = (written.packet_count, written.connection_count);
            eprintln!("{packets} packets of {connections} connections");
            ExitCode::SUCCESS
        }
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the capture cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}
