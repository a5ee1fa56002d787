# Shared by the scripts beside it: where things are, how they speak, pinned versions.
# Sourced, never run.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPT=scripts/$(basename "$0")
# Tools that setup fetches live outside the checkout, so that a fresh clone finds them again.
CACHE=${COLDSPARK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/coldspark}
TOOLS=$CACHE/tools

# Pinned. A newer Debian revision of a pinned package is taken with a notice, because Debian's
# mirrors keep only the newest. What comes from PyPI is pinned in scripts/pinned, each file with its
# hash: NAME.in has what is wanted, NAME.txt is made of it by the command at its head.
RUST_WEB_VERSION=1.96.0+dfsg1-1~deb12u2
QEMU_USER_VERSION=7.2
PHP_VERSION=8.2
# AWS's Runtime Interface Emulator, out of the SAM CLI's package.
RIE_X86_64_SHA256=6b1e686e62ab2baf5759c412c4864276ef2a88b094fca53ec070637ccba9b9a5
RIE_ARM64_SHA256=ec2e5d09633d853834c008b1ef264bf834b258a94d551d2b2074966494b39a21
# Tools of cargo's, built from the registry, and the nightly compiler that has Miri.
CARGO_MUTANTS_VERSION=27.1.0
CARGO_SEMVER_CHECKS_VERSION=0.51.0
CARGO_GENERATE_VERSION=0.25.0
NIGHTLY=nightly-2026-05-20

# pinned NAME PACKAGE: the version of a package in scripts/pinned/NAME.txt.
pinned() { sed -n "s/^$2==\([^ ]*\).*/\1/p" "$ROOT/scripts/pinned/$1.txt"; }

say() { printf '[%s] %s\n' "${SCRIPT##*/}" "$*" >&2; }
die() { printf '%s: %s\n' "$SCRIPT" "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Prints the comment block at the head of a script as its help text.
usage() { sed -n '2,/^$/{s/^# \{0,1\}//;p}' "$0"; }

# value OPTION [VALUE...]: the option must have a value.
value() { [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value; see --help"; }

# choose_arches ARCH: sets `arches` to the architecture, or to both of `all`.
choose_arches() {
    case $1 in
        all) arches=(x86_64 arm64) ;;
        x86_64 | arm64) arches=("$1") ;;
        *) die "unknown architecture '$1'; use x86_64, arm64 or all" ;;
    esac
}

# project_version: the version of library and layer.
project_version() { sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml"; }

# priority NICENESS: the command that runs another with this priority, where it may be raised; otherwise nothing.
priority() { [ "$(nice -n "$1" nice 2>/dev/null)" != "$1" ] || echo "nice -n $1"; }

# triple ARCH: the Rust target of one of our architecture names.
triple() {
    case $1 in
        x86_64) echo x86_64-unknown-linux-musl ;;
        arm64) echo aarch64-unknown-linux-musl ;;
        *) die "unknown architecture '$1'; use x86_64 or arm64" ;;
    esac
}

# The oldest Rust that is promised.
oldest_rust() { sed -n 's/^rust-version = "\(.*\)"/\1.0/p' "$ROOT/Cargo.toml"; }

host_arch() {
    case $(uname -m) in
        x86_64) echo x86_64 ;;
        aarch64 | arm64) echo arm64 ;;
        *) die "this machine is $(uname -m); coldspark builds on x86_64 and arm64" ;;
    esac
}

# emulator ARCH: qemu's user emulation of one of our architectures, which scripts/setup test installs.
emulator() {
    local qemu=qemu-aarch64-static
    [ "$1" = arm64 ] || qemu=qemu-x86_64-static
    command -v $qemu || echo "$TOOLS/qemu/usr/bin/$qemu"
}

# runner ARCH: what runs programs of the architecture on this machine, which is nothing for its own.
runner() { [ "$1" = "$(host_arch)" ] || emulator "$1"; }

# use_toolchain: sets what cross needs, by what scripts/setup has installed.
use_toolchain() {
    WAY=$(cat "$TOOLS/way" 2>/dev/null) || die "no toolchain yet; run scripts/setup first"
    # The two ways have different compilers, which must not share their output.
    TARGET_DIR=$ROOT/target/static-$WAY
    # cargo-zigbuild finds zig beside itself; its caches stay out of the checkout.
    export PATH=$TOOLS/venv/bin:$PATH
    export ZIG_GLOBAL_CACHE_DIR=$CACHE/zig ZIG_LOCAL_CACHE_DIR=$CACHE/zig
    export CARGO_ZIGBUILD_CACHE_DIR=$CACHE/zigbuild
    if [ "$WAY" = debian ]; then export RUSTC=$TOOLS/bin/rustc-web; fi
}

# std_source: the folder that holds std's library/.
std_source() { echo "$("${RUSTC:-rustc}" --print sysroot)/lib/rustlib/src/rust"; }

# The layer has a budget of bytes, and mostly waits for others: the library for size, too.
layer_options=(--bin bootstrap --config 'profile.release.package.coldspark.opt-level="z"')
# For the compiler of its last step. On arm64 it would make functions of code that repeats, which
# start_up.ld cannot place and which deflate worse than the code itself.
layer_codegen=(-Cllvm-args=-enable-machine-outliner=never)

# cross ARCH COMMAND [OPTION...]: cargo zigbuild with the recommended profile: a static position-
# dependent binary, std rebuilt without its backtrace feature. $fallback keeps Rust's own std.
cross() {
    local arch=$1 command=$2 target upper flags std=()
    shift 2
    target=$(triple "$arch")
    upper=${target//-/_}
    flags="-Ctarget-feature=+crt-static -Crelocation-model=static -Cforce-unwind-tables=no"
    # Nothing is relocated at start, so there is nothing to protect after it; the segment for it
    # would cost a page fault.
    flags+=" -Crelro-level=off -Clink-arg=-Wl,-T,$ROOT/src/start_up.ld"
    # The places in panic messages: short, and the same on every machine.
    flags+=" --remap-path-prefix=$ROOT/= --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src/="
    flags+=" --remap-path-prefix=$(std_source)/="
    if [ -z "${fallback:-}" ]; then
        std=(-Zbuild-std=std,panic_abort "-Zbuild-std-features=optimize_for_size")
        # Rust's own start files belong to its own std.
        [ "$WAY" = rustup ] || flags+=" -Clink-self-contained=no"
    fi
    # zigbuild's own commands link with zig; `rustc` takes options for the last step behind `--`.
    local cargo=(cargo "$command")
    case $command in
        build) cargo=(cargo zigbuild) ;;
        rustc) cargo=(cargo-zigbuild rustc) ;;
    esac
    (
        cd "$ROOT"
        # mimalloc: small, and started at its first allocation instead of by a constructor.
        export "CFLAGS_$upper=-Os -fno-unwind-tables -fno-asynchronous-unwind-tables -DMI_PRIM_HAS_PROCESS_ATTACH=1"
        export "CARGO_TARGET_${upper^^}_RUSTFLAGS=$flags"
        export RUSTC_BOOTSTRAP=1
        "${cargo[@]}" --quiet --locked --release --target "$target" --target-dir "$TARGET_DIR" "${std[@]}" "$@"
    ) || die "cargo $command for $target failed; the messages above say why"
}

# typed ARCH NAME FILE: bench/typed.rs in a project as scripts/new makes it, built by the template's own
# flags; as `typed` with std rebuilt, as the guide says, as `typed-fallback` with rustup's. For rustup's way.
typed() {
    local arch=$1 name=$2 file=$3 project=$CACHE/bench/typed std=()
    if [ "$name" = typed ]; then std=(-Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size); fi
    say "$arch: $name"
    rm -rf "$project"
    "$ROOT/scripts/new" "$project" --coldspark "$ROOT" 2>/dev/null || die "scripts/new $project failed"
    cp "$ROOT/bench/typed.rs" "$project/src/main.rs"
    cp "$ROOT/Cargo.lock" "$project/Cargo.lock"
    # The template reaches what its flags say, and places in messages are as short as in the others. Its
    # tests (tests/shipping/template.py) build in the same folder, with the same flags.
    (
        cd "$project"
        [ ${#std[@]} -eq 0 ] || export RUSTC_BOOTSTRAP=1
        cargo zigbuild --quiet --release --target "$(triple "$arch")" --target-dir "$ROOT/target/template" "${std[@]}"
    ) || die "building $name for $arch failed; the messages above say why"
    install -D -m 755 "$ROOT/target/template/$(triple "$arch")/release/typed" "$file"
}
