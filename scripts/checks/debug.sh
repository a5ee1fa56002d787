# Unit tests, and integration tests of debug builds. Sourced by scripts/test.

debug_tests() {
    local ignored_run_later=''
    ! chosen static || ignored_run_later=1
    # Each program of `ported` has an entry point of its own, and no unit tests.
    tests "unit tests" cargo test --locked --no-fail-fast --workspace --exclude ported --lib --bins
    tests "documentation examples" cargo test --locked -p coldspark --doc --features aws,http,tokio
    tests "unit tests, ureq client" cargo test --locked -p coldspark --lib --features ureq,aws,http,tokio
    tests "emulator" cargo test --locked --no-fail-fast -p coldspark-emulator --tests
    tests "integration, host debug build" cargo test --locked --no-fail-fast -p coldspark --tests
    tests "layer, host debug build" cargo test --locked --no-fail-fast -p coldspark-bootstrap
    tests "functions of lambda_runtime, written anew" cargo test --locked -p ported --tests
}
