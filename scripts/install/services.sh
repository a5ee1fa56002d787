# What stands in for AWS in tests. Sourced by scripts/setup.

rie() {
    local wheel
    wheel=$(mktemp -d)
    from_pypi download venv rie -d "$wheel" || return 1
    mkdir -p "$TOOLS/rie"
    python3 - "$wheel"/*.whl "$TOOLS/rie" <<'PY' || return 1
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for arch in ("x86_64", "arm64"):
        data = wheel.read(f"samcli/local/rapid/aws-lambda-rie-{arch}")
        open(f"{sys.argv[2]}/aws-lambda-rie-{arch}", "wb").write(data)
PY
    rm -rf "$wheel"
    chmod +x "$TOOLS/rie/"*
    printf '%s  %s\n' "$RIE_X86_64_SHA256" "$TOOLS/rie/aws-lambda-rie-x86_64" "$RIE_ARM64_SHA256" "$TOOLS/rie/aws-lambda-rie-arm64" \
        | sha256sum -c --quiet
}

# A second emulator for the examples, and a builder that uses zig as well.
cargo_lambda() { from_pypi install venv cargo-lambda; }

# The AWS CLI, and a server of the control plane's API for it to talk to.
aws() { from_pypi install aws aws; }

# An implementation of DynamoDB by others than moto's authors, as its lock file pins it; its packages run
# nothing when they are installed.
dynalite() {
    have npm || from_pypi install templates node || return 1
    from_npm dynalite "$ROOT/tests/aws/dynalite" templates --ignore-scripts
}

# Another emulator of Lambda.
ministack() { from_pypi install ministack ministack; }
