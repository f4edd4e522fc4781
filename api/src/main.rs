//! The binary `tidings`: see `tidings --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::cli::command_line::main()
}
