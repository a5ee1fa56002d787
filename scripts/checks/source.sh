# Checks of the source and of the documents. Sourced by scripts/test.

clippy() { cargo clippy --quiet --locked --workspace --all-targets "$@" -- -D warnings; }
# The second time as docs.rs builds it.
documentation() {
    local -x RUSTDOCFLAGS="-D warnings"
    cargo doc --quiet --locked --workspace --no-deps && cargo doc --quiet --locked -p coldspark --no-deps --all-features
}
# The workspace, and the packages outside of it.
format() {
    local package
    cargo fmt --all --check || return 1
    for package in tests/{fuzz,simulators,lambda-http,mutants/switch} examples/{s3,sdk,opentelemetry} bootstrap/tests/web/applications/{axum,actix}; do
        cargo fmt --manifest-path "$package/Cargo.toml" --check || return 1
    done
}
figures() { tests/docs/test_figures.py && tests/docs/test_flags.py && tests/docs/check.py links; }
layers() { tests/layers/test_check.py && tests/layers/check.py; }
# Licences, duplicates and sources, by deny.toml; and what was taken back from the registry.
dependencies() {
    local packaged
    "$TOOLS/cargo/bin/cargo-deny" --all-features --locked check -D warnings licenses bans sources || return 1
    packaged=$(cargo publish --dry-run --no-verify --allow-dirty --locked -p coldspark --target-dir target/package 2>&1) \
        || { echo "$packaged"; return 1; }
    # Only a warning of cargo's.
    ! grep 'is yanked' <<<"$packaged"
}
# What is promised: `rust-version` in Cargo.toml. The benchmark wants a newer one.
oldest_check() {
    env RUSTUP_TOOLCHAIN="$(oldest_rust)" cargo check --quiet --locked --target-dir target/oldest "$@"
}
oldest() {
    oldest_check --workspace --exclude bench --all-features && oldest_check -p coldspark --no-default-features
}
# The same with each feature alone.
oldest_features() {
    local features feature
    features=$(sed -n '/^\[features\]/,/^\[dependencies\]/s/^\([a-z]*\) = .*/\1/p' Cargo.toml)
    [ -n "$features" ] || { echo "Cargo.toml has no features, or this does not find them"; return 1; }
    for feature in $features; do
        oldest_check -p coldspark --no-default-features --features "$feature" \
            || { echo "with the feature '$feature' alone"; return 1; }
    done
}
# The last commit as a git dependency, for users without a release: cargo must not warn.
git_dependency() {
    local folder=$ROOT/target/git-dependency said
    rm -rf "$folder" && mkdir -p "$folder/src" && git clone --quiet --bare "$ROOT" "$folder/coldspark.git" || return 1
    cat >"$folder/Cargo.toml" <<MANIFEST
[package]
name = "git-dependency"
version = "0.1.0"
edition = "2024"
[workspace]
[dependencies]
coldspark = { git = "file://$folder/coldspark.git", rev = "$(git rev-parse HEAD)" }
MANIFEST
    echo '#![no_main] coldspark::main!(coldspark::Runtime::new().raw("echo", |event, _| Ok(event.into())));' >"$folder/src/main.rs"
    cp Cargo.lock "$folder/Cargo.lock"
    said=$(cargo check --quiet --manifest-path "$folder/Cargo.toml" 2>&1) && [ -z "$said" ] || { echo "$said"; return 1; }
}
# What a build for another system says.
other_system() {
    local said
    mkdir -p target
    rustc --edition 2024 -o target/build-script src/build.rs || return 1
    said=$(CARGO_CFG_TARGET_OS=macos CARGO_MANIFEST_DIR=$ROOT target/build-script)
    case $said in "cargo::error=coldspark is for Linux"*"for macos"*) ;; *) echo "$said"; return 1 ;; esac
}
scripts_parse() { for script in scripts/* scripts/checks/* scripts/install/* bench/*.sh .ci/run; do [ ! -f "$script" ] || bash -n "$script" || return 1; done; }
scripts_help() {
    for script in scripts/*; do
        [ ! -f "$script" ] || [ ! -x "$script" ] || [ -n "$("$script" --help | head -1)" ] || { echo "$script --help says nothing"; return 1; }
    done
}

source_checks() {
    check "formatting" format
    check "links and figures of the documentation" figures
    tests "what is shipped, by readers of its own" python3 tests/shipping/run.py products image_files
    check "lower modules import no upper ones" layers
    check "scripts parse" scripts_parse
    check "scripts explain themselves" scripts_help
    check "lints" clippy
    check "lints, ureq client" clippy --features coldspark/ureq
    check "lints, no mimalloc" cargo clippy --quiet --locked -p coldspark --all-targets --no-default-features -- -D warnings
    check "documentation" documentation
    check "another system is refused" other_system
}

# What tools of cargo's and other compilers say of it.
dependency_checks() {
    check "dependencies" dependencies
    if [ "$(git rev-parse --is-shallow-repository)" = false ]; then
        tests "the public API against an earlier commit" env \
            COLDSPARK_SEMVER_CHECKS="$TOOLS/cargo/bin/cargo-semver-checks" python3 tests/shipping/run.py semver
    else
        skip 3 "the public API against an earlier commit, which a shallow clone does not have"
    fi
    if "$ROOT/scripts/setup" oldest; then
        check "the oldest Rust that is promised" oldest
    else
        skip 1 "whether Rust $(oldest_rust) compiles it, which rustup could not fetch"
    fi
    check "a git dependency" git_dependency
    check "fuzz targets, short" "$ROOT/scripts/fuzz"
}
