//! Links a bootstrap for Lambda with coldspark's linker script, which keeps together the code and data of
//! start-up. Cargo passes no linker arguments from a library to a program.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("musl") {
        let script = std::env::var("DEP_COLDSPARK_LINKER_SCRIPT").expect("coldspark tells it");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{script}");
    }
}
