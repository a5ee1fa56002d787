"""Claims of SECURITY.md that the files themselves can show: where unsafe code is allowed."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYS = re.compile(r"^(src|bootstrap/src)/sys/")
# What is not shipped may have some of its own.
NOT_SHIPPED = re.compile(r"^(tests|bench|bootstrap/tests)/")
ALLOW = re.compile(r"(?:allow|expect)\(\s*unsafe_code")


def sources():
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "*.rs"],
        capture_output=True, text=True, check=True,
    )
    return [name for name in listed.stdout.split() if (ROOT / name).is_file()]


def broken():
    """What the files show to be untrue."""
    allowing = [name for name in sources() if ALLOW.search((ROOT / name).read_text())]
    if not any(SYS.match(name) for name in allowing):
        yield "SECURITY.md: no module named sys allows unsafe code, so this test looks at nothing"
    for name in allowing:
        if not SYS.match(name) and not NOT_SHIPPED.match(name):
            yield f"{name}: unsafe code is allowed here, and SECURITY.md says that it is in the modules sys only"
    workspace = (ROOT / "Cargo.toml").read_text()
    for lint in ("unsafe_code", "undocumented_unsafe_blocks"):
        if f'{lint} = "deny"' not in workspace:
            yield f"Cargo.toml: {lint} is not denied, and SECURITY.md says that it is"
    for name in [*(ROOT / "examples").glob("*/Cargo.toml"), ROOT / "bootstrap/Cargo.toml", ROOT / "Cargo.toml"]:
        if "[lints]\nworkspace = true" not in name.read_text():
            yield f"{name.relative_to(ROOT)}: has not the lints of the workspace"
