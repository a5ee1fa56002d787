"""Makes the layer's zip: python3 package.py ARCH ROOT OUTPUT LINKED... < output of `cargo metadata`.

LINKED are the packages that the binary links, as name@version, itself among them.

Same input, same bytes: fixed dates, sorted entries, nothing of the machine.
"""

import json
import pathlib
import sys
import zipfile

PACKAGE = "coldspark-bootstrap"
# The zip format knows no earlier date.
DATE = (1980, 1, 1, 0, 0, 0)


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
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (data, mode) in sorted(entries.items()):
            entry = zipfile.ZipInfo(name, DATE)
            # Made on Unix, a regular file: Lambda takes the mode from here.
            entry.create_system = 3
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    partial.replace(output)


main()
