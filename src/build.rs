//! Tells the build scripts of dependants where the linker script is: Cargo passes no linker arguments
//! from a library to the programs that link it, but it does pass metadata, as
//! `DEP_COLDSPARK_LINKER_SCRIPT`. On systems other than Linux the script stops with one clear message,
//! instead of a page of missing system calls.

use std::path::Path;

fn main() {
    let system = std::env::var("CARGO_CFG_TARGET_OS").expect("Cargo sets it for build scripts");
    if system != "linux" {
        println!(
            "cargo::error=coldspark is for Linux, as Lambda is, and this build is for {system}: \
             build with --target x86_64-unknown-linux-musl or aarch64-unknown-linux-musl, and run \
             tests in a Linux container or virtual machine"
        );
        return;
    }
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it for build scripts");
    let script = Path::new(&folder).join("src/start_up.ld");
    println!("cargo::rerun-if-changed={}", script.display());
    println!("cargo::metadata=LINKER_SCRIPT={}", script.display());
    start_of_mimalloc();
}

/// Whether mimalloc has the two functions that `src/sys/arena/mimalloc.rs` needs: the one that its
/// constructor calls, and the one that says whether it was called. They are not part of its interface.
fn start_of_mimalloc() {
    println!("cargo::rustc-check-cfg=cfg(coldspark_mimalloc_start)");
    let Some(folder) = std::env::var_os("DEP_MIMALLOC_INCLUDE_DIR") else {
        return;
    };
    let header = Path::new(&folder).join("mimalloc/internal.h");
    let text = std::fs::read_to_string(header).unwrap_or_default();
    let names = ["_mi_auto_process_init(void)", "_mi_preloading(void)"];
    if names.iter().all(|name| text.contains(name)) {
        println!("cargo::rustc-cfg=coldspark_mimalloc_start");
    }
}
