//! The binary `tidings`: see `tidings --help`.

use std::process::ExitCode;

/// Also takes the place of C's `malloc`, which SQLite uses: the system's cost a sixth of the CPU of a send.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    api::cli::command_line::main()
}
