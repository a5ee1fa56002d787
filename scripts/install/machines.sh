# Emulators of processors and machines, what runs in them, and valgrind. Sourced by scripts/setup.

# qemu's system emulation, unpacked with every library that the machine lacks for it.
qemu_system() {
    local name prefix=$TOOLS/qemu-system
    unpack_with_libraries "$prefix" qemu-system-x86 qemu-system-arm
    for name in qemu-system-x86_64 qemu-system-aarch64; do
        wrapper "$TOOLS/bin/$name" "$prefix" "usr/bin/$name"
        "$TOOLS/bin/$name" --version | head -1 >&2
    done
}

# qemu's user emulation, the dynamic one: the static one has no plugins.
qemu_plugins() {
    local lib name qemu version prefix=$TOOLS/qemu-plugins
    if have apt-get; then
        unpack_with_libraries "$prefix" qemu-user
    elif ! have qemu-x86_64 || ! have qemu-aarch64; then
        die "this machine has no apt-get to get qemu-user with; install qemu-x86_64 and qemu-aarch64, version $QEMU_USER_VERSION, dynamically linked"
    fi
    lib=$(uname -m)-linux-gnu
    mkdir -p "$prefix/bin"
    for name in qemu-x86_64 qemu-aarch64; do
        qemu=$prefix/usr/bin/$name
        [ -x "$qemu" ] || qemu=$(command -v "$name")
        # A shell sets variables of its own; the program that is counted must not see them.
        cat >"$prefix/bin/$name" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$prefix/usr/lib/$lib exec "$qemu" -U LD_LIBRARY_PATH -U PWD -U OLDPWD -U SHLVL -U _ "\$@"
WRAPPER
        chmod +x "$prefix/bin/$name"
        version=$("$prefix/bin/$name" --version | head -1) || return 1
        case $version in
            *"version $QEMU_USER_VERSION."*) ;;
            *) die "$version is offered; the counting plugin speaks the plugin interface of qemu $QEMU_USER_VERSION" ;;
        esac
    done
}

# The kernels that the virtual machines boot: Debian's own, of which only the image is kept.
kernels() {
    local debs pair package
    private_apt amd64 arm64
    debs=$(mktemp -d)
    for pair in amd64:x86_64 arm64:arm64; do
        package=$(apt-cache depends "linux-image-${pair%:*}:${pair%:*}" | awk '/Depends: linux-image-[0-9]/{print $2; exit}')
        [ -n "$package" ] || die_of "linux-image-${pair%:*} is not in this machine's apt sources; the virtual machines boot Debian's kernel" "$APT_LOG"
        case $package in linux-image-6.1.*) ;; *) say "notice: $package is offered, Linux 6.1 was tested" ;; esac
        (cd "$debs" && apt-get download -q "$package" >"$CACHE/apt-all/download.log" 2>&1) \
            || { tail -5 "$CACHE/apt-all/download.log" >&2; return 1; }
        mkdir -p "$debs/${pair#*:}" "$TOOLS/kernels"
        dpkg-deb --fsys-tarfile "$debs"/linux-image-*.deb | tar -x -C "$debs/${pair#*:}" --wildcards './boot/vmlinuz-*' || return 1
        mv "$debs/${pair#*:}/boot/"vmlinuz-* "$TOOLS/kernels/vmlinuz-${pair#*:}"
        rm -f "$debs"/linux-image-*.deb
    done
    rm -rf "$debs"
}

# What the bootstrap of bash and curl runs, with its libraries, unpacked for each architecture.
guest_programs() {
    local pair architecture folder packages
    private_apt amd64 arm64
    for pair in amd64:x86_64 arm64:arm64; do
        architecture=${pair%:*} folder=$TOOLS/guest/${pair#*:}
        mapfile -t packages < <(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
            --no-replaces --no-enhances bash:"$architecture" coreutils:"$architecture" grep:"$architecture" curl:"$architecture" \
            | sed -nE 's/^((lib|zlib|bash|coreutils|grep|curl)[^:< ]*)(:.*)?$/\1/p' | sort -u | sed "s/$/:$architecture/")
        [ ${#packages[@]} -gt 9 ] || die_of "bash and curl for $architecture are not in this machine's apt sources" "$APT_LOG"
        rm -rf "$folder" "$TOOLS/guest/debs"
        mkdir -p "$folder" "$TOOLS/guest/debs"
        (cd "$TOOLS/guest/debs" && apt-get download -q "${packages[@]}" >"$CACHE/apt-all/download.log" 2>&1) \
            || { tail -5 "$CACHE/apt-all/download.log" >&2; return 1; }
        for package in "$TOOLS/guest/debs"/*.deb; do
            dpkg-deb --fsys-tarfile "$package" | tar -x -C "$folder" --exclude='./usr/share' || return 1
        done
        rm -rf "$TOOLS/guest/debs"
    done
}

# valgrind, unpacked: its tools and rules are found by VALGRIND_LIB.
unpack_valgrind() {
    unpack_debs "$TOOLS/valgrind" valgrind || return 1
    mkdir -p "$TOOLS/bin"
    cat >"$TOOLS/bin/valgrind" <<WRAPPER
#!/bin/sh
VALGRIND_LIB=$TOOLS/valgrind/usr/libexec/valgrind exec "$TOOLS/valgrind/usr/bin/valgrind" "\$@"
WRAPPER
    chmod +x "$TOOLS/bin/valgrind"
    "$TOOLS/bin/valgrind" --version >&2
}
