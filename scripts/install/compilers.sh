# Compilers, and the linker for both architectures. Sourced by scripts/setup.

rust_web() {
    local version prefix=$TOOLS/rust-web lib std llvm missing extra=()
    private_apt
    version=$(apt-cache policy rustc-web | awk '/Candidate/{print $2}')
    [ -n "$version" ] && [ "$version" != "(none)" ] || die_of "Debian's package rustc-web is not in this machine's apt sources (it is in bookworm-security); see CONTRIBUTING.md, Toolchain" "$APT_LOG"
    [ "$version" = "$RUST_WEB_VERSION" ] || say "notice: rustc-web $version is offered, $RUST_WEB_VERSION was tested"
    lib=$(uname -m)-linux-gnu
    rm -rf "$prefix"
    std=$(apt-cache depends libstd-rust-web-dev | awk '/Depends: libstd-rust-web-[0-9]/{print $2}' | head -1)
    llvm=$(apt-cache depends "$std" | awk '/Depends: libllvm/{print $2}' | head -1)
    [ -n "$std" ] && [ -n "$llvm" ] || die "rustc-web $version has no libstd-rust-web and libllvm packages beside it; scripts/setup does not know this layout"
    unpack_debs "$prefix" "rustc-web=$version" "$std=$version" "libstd-rust-web-dev=$version" "rust-web-src=$version" "$llvm" || return 1
    # libllvm's own dependencies, where the machine lacks them.
    missing=$(LD_LIBRARY_PATH=$prefix/usr/lib/$lib ldd "$prefix/usr/lib/$lib/"libLLVM*.so.* "$prefix/usr/bin/rustc" | awk '/not found/{print $1}' | sort -u)
    if [ -n "$missing" ]; then
        case $missing in *libz3*) extra+=(libz3-4) ;; esac
        case $missing in *libxml2*) extra+=(libxml2 libicu72) ;; esac
        case $missing in *libedit*) extra+=(libedit2 libbsd0 libmd0) ;; esac
        unpack_debs "$prefix" "${extra[@]}" || return 1
    fi
    mkdir -p "$TOOLS/bin"
    cat >"$TOOLS/bin/rustc-web" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$prefix/usr/lib/$lib exec "$prefix/usr/bin/rustc" "\$@"
WRAPPER
    chmod +x "$TOOLS/bin/rustc-web"
    "$TOOLS/bin/rustc-web" -V >&2
}

zig() { from_pypi install venv zig; }

# Miri is a part of nightly compilers only, and its std is built from source.
nightly_with_miri() {
    rustup toolchain install "$NIGHTLY" --profile minimal --component miri,rust-src >"$CACHE/rustup.log" 2>&1 \
        || { tail -2 "$CACHE/rustup.log" >&2; return 1; }
}

fetch_rust() {
    timeout 300 rustup toolchain install "$1" --profile minimal >"$CACHE/rustup.log" 2>&1 \
        || { tail -2 "$CACHE/rustup.log" >&2; return 1; }
}

rustup_has_musl() {
    have rustup || return 1
    local targets
    targets=$(rustup target list --installed 2>/dev/null) || return 1
    case $targets in *aarch64-unknown-linux-musl*) ;; *) return 1 ;; esac
    case $targets in *x86_64-unknown-linux-musl*) ;; *) return 1 ;; esac
    [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ]
}

rustup_fetch() {
    have rustup || return 1
    say "asking rustup for the musl targets and rust-src"
    timeout 300 rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl >"$CACHE/rustup.log" 2>&1 \
        && timeout 300 rustup component add rust-src >>"$CACHE/rustup.log" 2>&1
}

compiler() {
    local way=${COLDSPARK_TOOLCHAIN:-auto}
    case $way in
        rustup) rustup_has_musl || rustup_fetch || die_of "rustup could not fetch the targets: $(tail -2 "$CACHE/rustup.log")" "$CACHE/rustup.log" ;;
        debian) ;;
        auto)
            if rustup_has_musl || { [ ! -x "$TOOLS/bin/rustc-web" ] && rustup_fetch; }; then
                way=rustup
            else
                way=debian
            fi
            ;;
        *) die "COLDSPARK_TOOLCHAIN is '$way'; use rustup, debian or auto" ;;
    esac
    if [ "$way" = debian ]; then
        have apt-get || die "rustup cannot fetch the musl targets here and this machine has no apt-get for the other way; see CONTRIBUTING.md, Toolchain"
        step "rust-web-$RUST_WEB_VERSION" rust_web
    fi
    echo "$way" >"$TOOLS/way"
}
