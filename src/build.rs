//! Tells the build scripts of dependants where the linker script lies: Cargo passes no linker
//! arguments from a library to the programs that link it, but it does pass metadata, as
//! `DEP_COLDSPARK_LINKER_SCRIPT`.

use std::path::Path;

fn main() {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it for build scripts");
    let script = Path::new(&folder).join("src/bootstrap.ld");
    println!("cargo::rerun-if-changed={}", script.display());
    println!("cargo::metadata=LINKER_SCRIPT={}", script.display());
}
