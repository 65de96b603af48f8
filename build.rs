//! Links the unwinder into the program where GCC's static one is at hand.
//!
//! The shared one (`libgcc_s.so`) is one more library to load at every start, and asks the processor for its features
//! when it is: together a twelfth of a whole `tokenward get`. Without a static one, the shared one is used as ever.
#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is = |key: &str, value: &str| env::var(key).is_ok_and(|found| found == value);
    let glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if glibc && has_static_unwinder() {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether the linker finds `libgcc_eh.a`: it prints the path of what it finds and the bare name of what it does not.
fn has_static_unwinder() -> bool {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let asked = Command::new(linker)
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    asked.is_ok_and(|answer| {
        let path = String::from_utf8_lossy(&answer.stdout);
        answer.status.success() && Path::new(path.trim()).is_absolute()
    })
}
