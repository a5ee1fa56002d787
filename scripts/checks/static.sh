# Tests of static bootstraps, of what their start costs, and of the layer. Sourced by scripts/test.

# static_form ARCH NAME [CARGO OPTION...]: bootstraps for the tests, target/forms/NAME/*/bootstrap.
static_form() {
    local arch=$1 name=$2 forms=$ROOT/target/forms built binary
    shift 2
    say "$arch: bootstraps of the form $name"
    rm -rf "${forms:?}/$name"
    cross "$arch" build -p aws -p hello -p orders -p queue -p stream -p web -p fixture "$@"
    built=$TARGET_DIR/$(triple "$arch")/release
    for binary in aws hello orders queue stream web $(fixtures); do
        install -D -m 755 "$built/$binary" "$forms/$name/$binary/bootstrap"
    done
    [ $# = 0 ] || return 0
    # The one whose subject is the allocator, on the C library's as well.
    cross "$arch" build -p fixture --bin fixture-memory --no-default-features
    install -D -m 755 "$built/fixture-memory" "$forms/$name/fixture-memory-lean/bootstrap"
}

# The names of the test package's functions.
fixtures() { for file in tests/fixtures/src/bin/*.rs; do basename "$file" .rs; done; }

# integration NAME ARCH CLIENT: the integration tests against a static form.
integration() {
    local name=$1 arch=$2 client=$3
    tests "integration, static $arch, $client client" env \
        COLDSPARK_TEST_BINARIES="$ROOT/target/forms/$name" COLDSPARK_TEST_PROFILE=abort \
        COLDSPARK_TEST_CLIENT="$client" COLDSPARK_TEST_RUNNER="$(runner "$arch")" \
        COLDSPARK_RIE="$TOOLS/rie/aws-lambda-rie-$HOST" COLDSPARK_TEST_ARCH="$arch" \
        cargo test --locked --no-fail-fast -p coldspark --tests -- --include-ignored
}

# start_up_layout ARCH: functions that src/start_up.ld names are where it says. With symbols, which
# the binaries of dist/ have not.
start_up_layout() {
    local arch=$1 forms=$ROOT/target/forms/symbols/$1 built
    built=$TARGET_DIR/$(triple "$arch")/release
    with_symbols() {
        local name=$1 package=$2
        shift 2
        cross "$arch" rustc -p "$package" "$@" -Cstrip=none
        install -D "$built/${package#coldspark-}" "$forms/$name"
    }
    with_symbols hello hello --
    with_symbols hello-ureq hello --features ureq --
    with_symbols layer coldspark-bootstrap "${layer_options[@]}" -- "${layer_codegen[@]}"
    tests/layout/check.py "$arch" "$forms/layer" "$forms/hello" "$forms/hello-ureq"
}

# web_layout ARCH: what a web application executes lies where src/start_up.ld says. After start_up_layout, which
# builds the bootstrap with its symbols.
web_layout() { tests/layout/web.py "$1" "$(emulator "$1")" "$ROOT/target/forms/symbols/$1/layer"; }

# Functions of the host's static form under emulators that others wrote. One of them wants a newer Rust
# than the library.
simulators() {
    local wanted options=(--locked --manifest-path tests/simulators/Cargo.toml --target-dir target/simulators)
    local -x COLDSPARK_TEST_BINARIES=$ROOT/target/forms/$HOST COLDSPARK_TEST_PROFILE=abort
    local -x COLDSPARK_TEST_LAYER=$ROOT/dist/$HOST/layer/bootstrap
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' tests/simulators/Cargo.toml)
    if printf '%s\n' "$wanted" "$("${RUSTC:-rustc}" --version | cut -d' ' -f2)" | sort -V -C; then
        check "lints, simulators" cargo clippy --quiet "${options[@]}" --all-targets -- -D warnings
        tests "lambda-simulator" cargo test "${options[@]}" --tests
    else
        skip 1 "functions under lambda-simulator, which wants Rust $wanted"
    fi
    tests "ministack" "$TOOLS/ministack/bin/python" tests/shipping/run.py ../simulators/under_ministack
}

# The layer's tests against dist/<arch>/layer.
layer() {
    local arch=$1
    tests "layer, static $arch" env \
        COLDSPARK_TEST_BINARIES="$ROOT/dist/$arch" COLDSPARK_TEST_RUNNER="$(runner "$arch")" \
        ZIG="$TOOLS/venv/bin/python-zig" PATH="$PATH:$TOOLS/bin" \
        cargo test --locked --no-fail-fast -p coldspark-bootstrap --tests -- --include-ignored
}

# What a start costs, on both architectures.
budgets() {
    check "start-up within its budgets" "$ROOT/scripts/bench" --short --no-build
    check "start-up within its budgets, kernel included" "$ROOT/scripts/bench" --kernel --short --no-build
}

# Where functions lie, on both architectures.
start_up_layouts() {
    local arch
    for arch in x86_64 arm64; do
        if [ "$WAY" = rustup ]; then
            check "start-up layout, $arch" start_up_layout "$arch"
            check "layout of a web application, $arch" web_layout "$arch"
        else
            skip 2 "the start-up layout of $arch, whose patterns are for rustup's compiler"
        fi
    done
}

static_tests() {
    budgets
    step "bootstraps of the form x86_64" static_form x86_64 x86_64
    step "bootstraps of the form arm64" static_form arm64 arm64
    integration x86_64 x86_64 own
    integration arm64 arm64 own
    integration ureq "$HOST" ureq
    simulators
    layer x86_64
    layer arm64
}

# It makes the layer's zips again, which the products' tests read.
publishing() {
    tests "layer, packaged and published" env COLDSPARK_AWS="$TOOLS/aws/bin" \
        cargo test --locked -p coldspark --test publishing -- --include-ignored
}
