"""Programs of Debian's with the libraries that they load, for a guest that is no Debian."""

import os
import struct

LOAD, DYNAMIC, INTERPRETER = 1, 2, 3
NEEDED, STRINGS = 1, 5
MACHINES = {"x86_64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


def files(root, arch, programs):
    """What a guest needs to run these programs: paths, and their bytes. `root` is what scripts/setup
    unpacked."""
    found = {}
    wanted = list(programs)
    while wanted:
        path = _there(root, arch, wanted.pop())
        if path not in found:
            with open(os.path.join(root, path), "rb") as file:
                found[path] = file.read()
            wanted += needs(found[path])
    return found


def _there(root, arch, name):
    """Where a program or a library is: the loader looks for a library in these folders."""
    folders = ("bin", "usr/bin", f"lib/{MACHINES[arch]}", f"usr/lib/{MACHINES[arch]}")
    places = [name.lstrip("/")] if "/" in name else [f"{folder}/{name}" for folder in folders]
    for place in places:
        if os.path.isfile(os.path.join(root, place)):
            return place
    raise OSError(f"there is no {name} in {root}; remove it, and scripts/setup guest makes it again")


def needs(data):
    """The names of the libraries that a program or a library loads, and the path of its loader."""
    if data[:6] != b"\x7fELF\x02\x01":
        return []
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    parts = [struct.unpack_from("<IIQQQQ", data, offset + size * number) for number in range(count)]
    names = [_text(data, part[2]) for part in parts if part[0] == INTERPRETER]
    entries = []
    for kind, _, at, _, _, length in parts:
        if kind == DYNAMIC:
            entries = list(struct.iter_unpack("<QQ", data[at:at + length]))
    strings = next((value for tag, value in entries if tag == STRINGS), 0)
    for kind, _, at, address, _, length in parts:
        if kind == LOAD and address <= strings < address + length:
            names += [_text(data, at + strings - address + value) for tag, value in entries if tag == NEEDED]
    return names


def _text(data, start):
    return data[start:data.index(b"\0", start)].decode()
