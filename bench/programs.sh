# The programs that scripts/bench measures, and how each is built. Sourced by scripts/bench, which sets $arches,
# $only, $short, $BENCH and $PEERS_DIR.

# Whether this line of the table is wanted.
wanted() { [ -z "$only" ] || [[ $only == *,"$1",* ]]; }

# place ARCH NAME FILE: leave the file as the bootstrap of the program of this name.
place() { install -D -m 755 "$3" "$BENCH/programs/$1/$2/bootstrap"; }

# in_c ARCH SOURCE RESULT [OPTION...]: a static program in C. Checkouts share the results, so a stamp beside
# each notes its source and options. The file's time would not do: another checkout's source may be older.
in_c() {
    local triple source=$2 result=$3 stamp of sources
    triple=$(triple "$1")
    shift 3
    sources=("$source")
    for of in "$@"; do [[ $of != *.c ]] || sources+=("$of"); done
    stamp=$BENCH/stamps/${result#"$BENCH"/} of=$({ cat "${sources[@]}" "${BASH_SOURCE[0]}"; echo "${*#"$ROOT"}"; } | sha256sum)
    mkdir -p "${result%/*}" "${stamp%/*}"
    [ -e "$result" ] && [ "$of" = "$(cat "$stamp" 2>/dev/null)" ] && return 0
    "$TOOLS/venv/bin/python" -m ziglang cc -target "${triple/-unknown/}" -Os -static -s -fno-pie -no-pie \
        -o "$result" "$source" "$@" || die "compiling ${source#"$ROOT"/} failed; the messages above say why"
    echo "$of" >"$stamp"
}

# recipe ARCH FOLDER BINARY NAME [OPTION...]: a package outside of the workspace, built as those in it are.
recipe() {
    local arch=$1 manifest=$ROOT/$2/Cargo.toml binary=$3 name=$4
    shift 4
    say "$arch: $name"
    # Without the checkout's path in it, what is built serves other checkouts too.
    cmp -s "$ROOT/src/start_up.ld" "$BENCH/src/start_up.ld" \
        || install -D -m 644 "$ROOT/src/start_up.ld" "$BENCH/src/start_up.ld"
    ROOT=$BENCH TARGET_DIR=$PEERS_DIR cross "$arch" build --manifest-path "$manifest" "$@"
    place "$arch" "$name" "$PEERS_DIR/$(triple "$arch")/release/$binary"
}

# documented PEER TARGET [BINARY]: a peer as its own documentation says, for this machine.
documented() {
    local peer=$1 target=$2 binary=${3:-peer-$1}
    wanted "$peer-docs" || return 0
    say "$(host_arch): $peer-docs"
    (
        unset RUSTC
        cargo build --quiet --locked --profile documented --features documented --bin "$binary" --target "$target" \
            --target-dir "$BENCH/target-docs" --manifest-path "$ROOT/bench/peers/$peer/Cargo.toml"
    ) || die "cargo build of bench/peers/$peer for $target failed; the messages above say why"
    place "$(host_arch)" "$peer-docs" "$BENCH/target-docs/$target/documented/$binary"
}

# typed_fallback: the template's default build, with rustup's own std.
typed_fallback() {
    local arch
    wanted typed-fallback || return 0
    if [ "$WAY" = rustup ]; then
        for arch in "${arches[@]}"; do typed "$arch" typed-fallback "$BENCH/programs/$arch/typed-fallback/bootstrap"; done
    elif [ -n "$short" ]; then
        say "typed-fallback is not counted: it needs rustup's own musl std"
        [ -n "$only" ] || arguments+=(--only hello,hello-lean,hello-ureq,layer-worker)
    fi
}

# ours: what dist/ holds, and the same function on several allocators.
ours() {
    local name arch options
    for name in hello hello-lean hello-ureq; do
        if wanted "$name"; then "$ROOT/scripts/build" "${arches[@]}" --only "$name"; fi
    done
    if [[ -z $only || $only == *,layer-* ]]; then "$ROOT/scripts/build" "${arches[@]}" --only layer; fi
    typed_fallback
    [ -z "$short" ] || return 0
    if [ "$WAY" = rustup ] && wanted hello-fallback; then
        "$ROOT/scripts/build" "${arches[@]}" --only hello --fallback
    fi
    for arch in "${arches[@]}"; do
        if [ "$WAY" = rustup ] && wanted typed; then
            typed "$arch" typed "$BENCH/programs/$arch/typed/bootstrap"
        fi
        if wanted axum; then
            say "$arch: axum"
            cross "$arch" build -p web-axum
            place "$arch" axum "$TARGET_DIR/$(triple "$arch")/release/web-axum"
        fi
        for name in coldspark:arena-mimalloc lean:arena mimalloc:mimalloc musl:; do
            # The others are compared to the first.
            wanted "json-${name%:*}" || [[ $name == coldspark:* && $only == *,json-* ]] || continue
            say "$arch: json-${name%:*}"
            cross "$arch" build -p bench-alloc --features "${name#*:}"
            place "$arch" "json-${name%:*}" "$TARGET_DIR/$(triple "$arch")/release/bench-alloc"
        done
    done
}

# in_c_all ARCH: the programs and handlers in C; in the short form the one that is slow, too.
in_c_all() {
    local arch=$1 handlers=$BENCH/programs/$1/handlers
    say "$arch: programs in C"
    in_c "$arch" "$ROOT/bench/handlers/worker.c" "$handlers/worker"
    # Beside a bootstrap that is counted under qemu, a worker of this machine runs.
    in_c "$(host_arch)" "$ROOT/bench/handlers/worker.c" "$BENCH/programs/$(host_arch)/handlers/worker"
    if [ -n "$short" ]; then
        # Bytes that do not compress, the same on every machine.
        [ -s "$BENCH/ballast.c" ] || awk 'BEGIN { s = 1; print "const unsigned char ballast[] = {"
            for (i = 0; i < 600000; i++) { s = (s * 16807) % 2147483647; printf "%d,", int(s / 256) % 256 }
            print "}; const unsigned char ballast_end[1] = {0};" }' >"$BENCH/ballast.c"
        in_c "$arch" "$ROOT/bench/floor/echo.c" "$BENCH/programs/$arch/slow/bootstrap" -DSLOW "$BENCH/ballast.c"
        return 0
    fi
    in_c "$arch" "$ROOT/bench/floor/echo.c" "$BENCH/programs/$arch/c-musl/bootstrap"
    in_c "$arch" "$ROOT/bench/floor/echo.c" "$BENCH/programs/$arch/c-worker/bootstrap" -DWORKER "$ROOT/bench/floor/worker.c"
    in_c "$arch" "$ROOT/bench/handlers/exec.c" "$handlers/exec"
    install -m 644 "$ROOT/bench/handlers/function.sh" "$handlers/function.sh"
}

# others: the floor and the peers.
others() {
    local arch peer
    for arch in "${arches[@]}"; do
        in_c_all "$arch"
        recipe "$arch" bench/floor floor floor
        for peer in lambda_runtime minlambda rtlambda; do
            if wanted "$peer"; then recipe "$arch" "bench/peers/$peer" "peer-$peer" "$peer"; fi
        done
        place "$arch" bash-curl "$ROOT/bench/peers/bash/bootstrap"
    done
    # What the documentation says is for a machine of the same architecture.
    [[ " ${arches[*]} " == *" $(host_arch) "* ]] || return 0
    documented lambda_runtime "$(uname -m)-unknown-linux-gnu"
    documented rtlambda "$(uname -m)-unknown-linux-gnu"
    if [ "$WAY" = rustup ]; then
        documented minlambda "$(triple "$(host_arch)")"
    else
        say "minlambda-docs: not built, its README asks for Rust's own musl std (rustup)"
    fi
}

# web_programs: the server in C, the layer, and Lambda Web Adapter, by our recipe and as its makefile builds it.
web_programs() {
    local arch agent=aws-lambda-rust/aws-lambda-adapter/1.0.0-rc1
    arch=$(host_arch)
    in_c "$arch" "$ROOT/bench/web/server.c" "$BENCH/programs/$arch/web/server"
    [ -n "$build" ] || return 0
    "$ROOT/scripts/build" "$arch" --only layer
    only=
    LAMBDA_RUNTIME_USER_AGENT=$agent recipe "$arch" bench/peers/lambda_web_adapter peer-lambda_web_adapter lambda_web_adapter
    if [ "$WAY" = rustup ]; then
        LAMBDA_RUNTIME_USER_AGENT=$agent documented lambda_web_adapter "$(triple "$arch")"
    else
        say "lambda_web_adapter-docs: not built, its makefile asks for Rust's own musl std (rustup)"
    fi
}

# sdk_peer NAME BINARY FEATURE: one of the functions on the SDK, for this machine.
sdk_peer() {
    wanted "$1" || return 0
    recipe "$(host_arch)" bench/peers/lambda_runtime-sdk "$2" "$1" --features "$3" --bin "$2"
}

# with_calls: what --aws measures, and the floor.
with_calls() {
    local peers=lambda_runtime-sdk
    recipe "$(host_arch)" bench/floor floor floor
    "$ROOT/scripts/build" "$(host_arch)" --only aws
    if wanted aws-sdk; then recipe "$(host_arch)" examples/sdk sdk aws-sdk; fi
    sdk_peer $peers-expert sdk-expert expert
    sdk_peer aws-sdk-defaults sdk-coldspark coldspark
    sdk_peer $peers sdk-defaults coldspark
    AWS_LC_SYS_NO_JITTER_ENTROPY=1 PEERS_DIR=$PEERS_DIR-no-jitter sdk_peer $peers-no-jitter sdk-defaults defaults
    documented $peers "$(uname -m)-unknown-linux-gnu" sdk-defaults
}
