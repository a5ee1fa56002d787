# The commands of the documentation. Sourced by scripts/test.

# documentation_runs PAGE...: what they show does what they say.
documentation_runs() {
    # cargo-zigbuild asks the first python3 for zig.
    PATH=$TOOLS/venv/bin:$TOOLS/aws/bin:$PATH tests/docs/check.py "$@"
}

rust_document_tests() {
    check "the commands of src/guide/rust.md do what it says" documentation_runs src/guide/rust.md
    check "the examples under cargo lambda" tests/docs/cargo_lambda.py
}

# What builds for x86_64 with rustup's own std, and runs that, cannot everywhere.
document_tests() {
    local pages
    mapfile -t pages < <(git ls-files '*.md' | grep -vE '^src/guide/rust.md$|/\.template/')
    if [ "$WAY" = rustup ] && [ "$HOST" = x86_64 ]; then
        beside "Rust's guide" rust_document_tests
    else
        skip 2 "the commands of src/guide/rust.md and the examples under cargo lambda, which need rustup's std on x86_64"
    fi
    check "the commands of the documentation do what it says" documentation_runs "${pages[@]}"
    meet
}
