"""Makes the layer's zip: python3 package.py ARCH ROOT OUTPUT LINKED... < output of `cargo metadata`.

LINKED are the packages that the binary links, as name@version, itself among them.

Same input, same bytes: fixed dates, sorted entries, nothing of the machine.
"""

import json
import pathlib
import struct
import sys
import zlib

PACKAGE = "coldspark-bootstrap"
# 1980-01-01 at 0:00, as a zip writes it; the format knows no earlier date.
TIME, DATE = 0, 1 << 5 | 1
# Version 2.0 of the format, made on Unix: Lambda takes the modes of files from there.
VERSION, UNIX = 20, 3 << 8
DEFLATED = 8


def linked_packages(metadata, linked):
    """The package PACKAGE, and the others that are linked with it."""
    packages = {f"{package['name']}@{package['version']}": package for package in metadata["packages"]}
    found = sorted((packages[key] for key in linked), key=lambda package: (package["name"], package["version"]))
    root = next(package for package in found if package["name"] == PACKAGE)
    return root, [package for package in found if package is not root]


def component(package, kind):
    return {
        "type": kind,
        "name": package["name"],
        "version": package["version"],
        "licenses": [{"expression": (package["license"] or "").replace("/", " OR ")}],
        "purl": f"pkg:cargo/{package['name']}@{package['version']}",
    }


def sbom(metadata, linked, arch):
    root, dependencies = linked_packages(metadata, linked)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": component(root, "application"),
            "properties": [{"name": "architecture", "value": arch}],
        },
        "components": [component(package, "library") for package in dependencies],
    }


def deflated(data):
    """The bytes as deflate writes them, in as few as zopfli finds: 4 % fewer than zlib's."""
    try:
        from zopfli.zlib import compress
    except ImportError:
        print("[package-layer] without zopfli the zip is larger; scripts/setup build installs it", file=sys.stderr)
        packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
        return packer.compress(data) + packer.flush()
    # Without zlib's head and sum.
    return compress(data)[2:-4]


def archive(entries):
    """A zip of the entries: {name: (bytes, mode)}. The standard library's takes no bytes that are deflated already."""
    files, directory = b"", b""
    for name, (data, mode) in sorted(entries.items()):
        packed, name = deflated(data), name.encode()
        both = struct.pack("<HHHHHLLLHH", VERSION, 0, DEFLATED, TIME, DATE, zlib.crc32(data), len(packed), len(data),
                           len(name), 0)
        directory += struct.pack("<LH", 0x02014B50, UNIX | VERSION) + both
        # No comment, the first disk, binary; a regular file with this mode; where its head is.
        directory += struct.pack("<HHHLL", 0, 0, 0, (0o100000 | mode) << 16, len(files)) + name
        files += struct.pack("<L", 0x04034B50) + both + name + packed
    count = len(entries)
    end = struct.pack("<LHHHHLLH", 0x06054B50, 0, 0, count, count, len(directory), len(files), 0)
    return files + directory + end


def main():
    arch, root, output = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    metadata = json.load(sys.stdin)
    version = next(package["version"] for package in metadata["packages"] if package["name"] == PACKAGE)
    bill = json.dumps(sbom(metadata, set(sys.argv[4:]), arch), indent=1, sort_keys=True) + "\n"
    entries = {
        "bootstrap": ((root / "dist" / arch / "layer" / "bootstrap").read_bytes(), 0o755),
        "coldspark/LICENSE-APACHE": ((root / "LICENSE-APACHE").read_bytes(), 0o644),
        "coldspark/LICENSE-MIT": ((root / "LICENSE-MIT").read_bytes(), 0o644),
        "coldspark/VERSION": (f"coldspark {version} {arch}\n".encode(), 0o644),
        "coldspark/sbom.cdx.json": (bill.encode(), 0o644),
    }
    partial = output.with_suffix(".partial")
    partial.write_bytes(archive(entries))
    partial.replace(output)


main()
