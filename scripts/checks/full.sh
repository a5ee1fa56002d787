# What takes long for what it finds: software kits, each feature by itself. Sourced by scripts/test.

# The examples that stand outside of the workspace, target/outside/NAME.
outside() {
    local name
    for name in opentelemetry s3 sdk; do
        cargo build --quiet --locked --manifest-path "examples/$name/Cargo.toml" --target-dir target/outside-build || return 1
        install -D -m 755 "target/outside-build/debug/$name" "target/outside/$name"
    done
}

full_tests() {
    if "$ROOT/scripts/setup" oldest; then
        check "each feature alone on the oldest Rust that is promised" oldest_features
    else
        skip 1 "whether Rust $(oldest_rust) compiles each feature alone, which rustup could not fetch"
    fi
    "$ROOT/scripts/setup" templates
    "$ROOT/scripts/setup" generate
    tests "the template by cargo-generate" shipping template.Template.test_cargo_generate_makes_the_same_of_it
    step "build the examples outside of the workspace" outside
    tests "examples on software kits" env COLDSPARK_TEST_OUTSIDE="$ROOT/target/outside" \
        cargo test --locked -p coldspark --test aws -- s3:: sdk::
    tests "the example on OpenTelemetry" env COLDSPARK_TEST_OUTSIDE="$ROOT/target/outside" \
        cargo test --locked -p coldspark --test opentelemetry
    tests "HTTP requests beside lambda_http's" cargo test --locked --manifest-path tests/lambda-http/Cargo.toml \
        --target-dir target/outside-build
    check "examples on AWS services by one command, on both architectures" examples_beside_a_server
    web_applications
}

# scripts/run-local with examples that call DynamoDB; as they are on this machine, and of the other architecture.
examples_beside_a_server() {
    local example answer other=arm64
    [ "$(host_arch)" = x86_64 ] || other=x86_64
    for example in "aws" "sdk" "aws --arch $other" "sdk --arch $other"; do
        # A name and options.
        # shellcheck disable=SC2086
        answer=$("$ROOT/scripts/run-local" --example $example) || return 1
        [ "$answer" = '{"article":"rope","price":350}' ] || { echo "$example: $answer"; return 1; }
        echo "$example: $answer"
    done
}

# Frameworks behind the layer, and a page in a browser.
web_applications() {
    local arch
    "$ROOT/scripts/setup" frameworks
    tests "web applications" env COLDSPARK_WEB="$TOOLS" cargo test --locked --no-fail-fast -p coldspark-bootstrap --test web
    for arch in x86_64 arm64; do
        tests "web applications, static $arch" env COLDSPARK_WEB="$TOOLS" COLDSPARK_TEST_BINARIES="$ROOT/dist/$arch" \
            COLDSPARK_TEST_RUNNER="$(runner "$arch")" cargo test --locked --no-fail-fast -p coldspark-bootstrap --test web
    done
}

# What is random, for hours.
long_tests() {
    check "fuzz targets, long" "$ROOT/scripts/fuzz" --long
    check "memory safety" "$ROOT/scripts/memory"
}
