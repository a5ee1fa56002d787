#!/usr/bin/env python3
"""Checks that each name in src/start_up.ld still matches a function, in the section that it is for.

check.py ARCH LAYER FUNCTION...: bootstraps that were built with their symbols, the layer's and those
of functions. The linker script names functions by patterns. One that matches nothing is no error to
the linker: the function just lies with the rest, and a cold start waits for the disk. So a pattern
of .text.start or .text.event must match a function within that section of one of the bootstraps,
and one of the layer's sections a function within that section of the layer's.

What a worker needs must also end within the first two parts of 64 KiB that the code's segment has in
memory, and what a web application needs within the first three: a page fault maps one of them, and what
no fault has mapped is not resident.
"""

import fnmatch
import re
import struct
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "src" / "start_up.ld"
SECTIONS = (".text.start", ".text.event", ".text.layer", ".text.web", ".text.other")
LAYER_ONLY = SECTIONS[2:]
# At an address that is touched first, the kernel maps all pages of the 64 KiB around it.
AROUND = 0x10000
# How many of these blocks of 64 KiB, from the first one of the segment, reach to a section's end.
PARTS = {".text.layer": 2, ".text.web": 3}
# std asks arm64's processor for newer atomics, and has nothing of the kind on x86_64.
ARM64_ONLY = ("8init_lse", "21detect_and_initialize", "__rust_enable_lse", "__aarch64_", "__getauxval")
# Rust's own std, which a build with std as rustup delivers it has; the bootstraps here have another.
OWN_STD_ONLY = ("3VechE17extend_from_slice", "*aarch64.o", "*lse_swp1_acq.o", "*lse_cas8_acq_rel.o")


class Elf:
    """The sections of a 64-bit ELF file, and its functions."""

    def __init__(self, path):
        data = path.read_bytes()
        if data[:6] != b"\x7fELF\x02\x01":
            sys.exit(f"{path}: not a 64-bit ELF file")
        offset, = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + size * at) for at in range(count)]

        def text(table, at):
            start = headers[table][4] + at
            return data[start:data.index(b"\0", start)].decode()

        sections = [text(names, header[0]) for header in headers]
        # Where each section begins and ends.
        self.places = {name: (header[3], header[3] + header[5]) for name, header in zip(sections, headers)}
        # Of each function its section, its address and its name.
        self.functions = []
        for header in headers:
            if header[1] != 2:  # SHT_SYMTAB
                continue
            for at in range(header[4], header[4] + header[5], 24):
                name, info, _, section, address, _ = struct.unpack_from("<IBBHQQ", data, at)
                # STT_FUNC, and STT_NOTYPE of what is written in assembler.
                if info & 15 in (0, 2) and 0 < section < count:
                    self.functions.append((sections[section], address, text(header[6], name)))
        if not self.functions:
            sys.exit(f"{path}: no symbols; build it without stripping")

    def by_section(self):
        """For each section the names of the functions in it."""
        found = {section: set() for section in self.places}
        for section, _, name in self.functions:
            found[section].add(name)
        return found


def too_far(places):
    """What is wrong with where the layer's sections end."""
    first = places[".rodata.start"][0] // AROUND
    for section, most in PARTS.items():
        end = places[section][1]
        room = (first + most) * AROUND - end
        print(f"{section} ends {room} bytes before the end of part {most}")
        if room < 0:
            yield f"{section} ends behind part {most} of 64 KiB: move to .text.other what is seldom executed"


def patterns(script):
    """For each output section that is checked, its patterns: (file or None, section pattern)."""
    script = re.sub(r"/\*.*?\*/", "", script, flags=re.S)
    result = {}
    for section in SECTIONS:
        body = re.search(re.escape(section) + r" : \{(.*?)\n    \}", script, re.S)
        if body is None:
            sys.exit(f"src/start_up.ld has no section {section}")
        result[section] = [
            (file if file != "*" else None, one)
            for file, inner in re.findall(r"(\*\S*?)\(([^()]*)\)", body[1])
            for one in inner.split()
        ]
    return result


def matches(file, pattern, names):
    """Whether a function of these is what the pattern is for."""
    if file is not None:
        # A whole object of the C library: one of its functions bears its name.
        stem = file.strip("*").removesuffix(".o")
        return any(name.strip("_") in known(stem) for name in names)
    # Functions lie in sections of their names; cold ones behind a word more.
    return any(
        fnmatch.fnmatchcase(f".text.{word}{name}", pattern)
        for name in names
        for word in ("", "unlikely.", "hot.")
    )


def known(stem):
    """What functions of this object of the C library are called, without underlines."""
    return {"crt1": {"start", "start_c"}}.get(stem, {stem.strip("_")})


def main():
    arch = sys.argv[1]
    files = [Elf(Path(argument)) for argument in sys.argv[2:]]
    layer, *others = [file.by_section() for file in files]
    stale, used = [], 0
    for section, names in patterns(SCRIPT.read_text()).items():
        bootstraps = [layer] if section in LAYER_ONLY else [layer, *others]
        inside = set().union(*(bootstrap.get(section, set()) for bootstrap in bootstraps))
        for file, pattern in names:
            if file is not None and pattern != ".text":
                continue  # The object's first pattern has told.
            if arch != "arm64" and any(name in pattern for name in ARM64_ONLY):
                continue
            if file in OWN_STD_ONLY or any(name in pattern for name in OWN_STD_ONLY):
                continue
            if matches(file, pattern, inside):
                used += 1
            else:
                stale.append(f"{section}: {file or '*'}({pattern})")
    for line in stale:
        print(f"{arch}: no function matches {line}")
    print(f"{arch}: {used} patterns match, {len(stale)} do not")
    if stale or not used:
        sys.exit("src/start_up.ld names functions that are not there: follow their new names, or remove the patterns")
    wrong = list(too_far(files[0].places))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
