//! The program.

use std::alloc::System;
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: a token leaves copies in the buffers of HTTP, TLS and JSON, which know of no secret.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    tokenward::cli::run::main(std::env::args_os().collect())
}
