"""Claims of the documents that the files themselves can show.

    LONG      code of more than 300 lines, which CONTRIBUTING.md says is split (none is added here)
    UNSAFE    where `unsafe_code` is allowed, beside the modules that SECURITY.md names
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300
# To be split when they are next worked on.
LONG = {
    "bootstrap/src/control.rs",
    "bootstrap/tests/layer/common/function.rs",
    "scripts/setup",
    "tests/emulator/src/emulator/state.rs",
    "tests/emulator/tests/emulator_calls.rs",
}
# Not shipped.
UNSAFE = {
    "bench/src/cold.rs",
    "bench/src/measure/trace.rs",
    "bootstrap/tests/layer/common/process.rs",
    "tests/emulator/src/confine/mod.rs",
    "tests/fixtures/src/bin/fixture-fresh.rs",
    "tests/fixtures/src/bin/fixture-worker.rs",
}
SYS = re.compile(r"^(src|bootstrap/src)/sys/")
ALLOW = re.compile(r"(?:allow|expect)\(\s*unsafe_code")


def tracked():
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "*.rs", "*.py", "scripts/*"],
        capture_output=True, text=True, check=True,
    )
    names = sorted(set(listed.stdout.split()))
    return [name for name in names if (ROOT / name).is_file() and not name.startswith("scripts/pinned/")]


def broken():
    """What the files show to be untrue."""
    names = tracked()
    for name in names:
        text = (ROOT / name).read_text()
        lines = text.count("\n")
        if lines > LIMIT and name not in LONG:
            yield f"{name}: {lines} lines, and code over {LIMIT} is split by subject (CONTRIBUTING.md)"
        if name.endswith(".rs") and ALLOW.search(text) and name not in UNSAFE and not SYS.match(name):
            yield f"{name}: unsafe code is allowed here, and SECURITY.md does not say so"
    workspace = (ROOT / "Cargo.toml").read_text()
    for lint in ("unsafe_code", "undocumented_unsafe_blocks"):
        if f'{lint} = "deny"' not in workspace:
            yield f"Cargo.toml: {lint} is not denied, and SECURITY.md says that it is"
    for name in [*(ROOT / "examples").glob("*/Cargo.toml"), ROOT / "bootstrap/Cargo.toml", ROOT / "Cargo.toml"]:
        if "[lints]\nworkspace = true" not in name.read_text():
            yield f"{name.relative_to(ROOT)}: has not the lints of the workspace"
