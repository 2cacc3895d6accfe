//! `huiyin`: parse, wire, run.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
