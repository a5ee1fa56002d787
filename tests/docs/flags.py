"""The recommended profile stands in scripts/lib.sh and Cargo.toml; what repeats it has to agree."""

import re
import tomllib
from pathlib import Path

import pages

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "scripts/lib.sh"
# Of this checkout, or for a compiler that is not rustup's: not a part of the profile. The mangling is
# what RUSTC_BOOTSTRAP brings in scripts/lib.sh, and must be asked for without it.
OURS = re.compile(r"-Clink-arg=|-Clink-self-contained|-Cstrip|-Cllvm-args=-enable-machine-outliner|-Csymbol-mangling-version=v0")
PROFILE = re.compile(r"^\[profile\.release\]\n((?:[\w-]+ = .*\n)+)", re.M)


def rust(text):
    """The flags of rustc that a text names."""
    return {flag for flag in re.findall(r"-C[a-z-]+=[\w+-]+", text) if not OURS.match(flag)}


def c(text):
    """The flags of the C compiler in each place of a text that sets them."""
    return [set(flags.split()) for flags in re.findall(r"CFLAGS_\S*?\s*=\s*\"?([^\"\n]*MI_PRIM[^\"\n]*)\"", text)]


def std(text):
    """The options by which std is rebuilt."""
    return set(re.findall(r"-Zbuild-std(?:-features)?=[\w,]+", text))


def differs():
    """What says something else than the source."""
    source = (ROOT / SOURCE).read_text()
    wanted = rust(source), c(source), std(source)
    if len(wanted[0]) < 4 or len(wanted[1]) != 1 or len(wanted[2]) != 2:
        yield f"{SOURCE}: the flags of the recommended profile are not found, so nothing is compared"
        return
    profile = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]["release"]
    profile.pop("package", None)
    # Of what somebody repeats, by kind: each kind stands in one place at least, or the search has missed it.
    repeated = {"rustc's flags": 0, "the C compiler's flags": 0, "the options for std": 0, "the profile": 0}
    for name in pages.files("layer", "src/guide", "examples", "README.md"):
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        repeated["rustc's flags"] += "-Crelocation-model" in text
        if "-Crelocation-model" in text and rust(text) != wanted[0]:
            yield f"{name}: rustc gets {sorted(rust(text))}, and in {SOURCE} {sorted(wanted[0])}"
        for flags in c(text):
            repeated["the C compiler's flags"] += 1
            if flags != wanted[1][0]:
                yield f"{name}: the C compiler gets {sorted(flags)}, and in {SOURCE} {sorted(wanted[1][0])}"
        repeated["the options for std"] += bool(std(text))
        if std(text) - wanted[2]:
            yield f"{name}: std is rebuilt with {sorted(std(text))}, and in {SOURCE} with {sorted(wanted[2])}"
        for block in PROFILE.findall(text):
            repeated["the profile"] += 1
            if tomllib.loads(block) != profile:
                yield f"{name}: its profile is not the one of Cargo.toml: {block!r}"
    for kind, count in repeated.items():
        if not count:
            yield f"no page or template repeats {kind} of {SOURCE} and Cargo.toml, so nothing is compared"
