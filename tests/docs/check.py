#!/usr/bin/env python3
"""Checks the documentation: its links, and the commands that it shows.

    tests/docs/check.py              all of it
    tests/docs/check.py links        only links, figures, marked numbers (prose.py), claims that the
                                     files show (claims.py), flags that stand in several files
                                     (flags.py), lines of functions (ported.py), and whether each
                                     shell block is marked
    tests/docs/check.py README.md    the commands of these pages

A comment right before a fenced block says what is done with it:

    <!-- run -->             bash runs it; a status that is not 0 fails
    <!-- run: aws -->        the same, and the AWS CLI talks to a stand-in for AWS
    <!-- prints -->          what the block before it printed: each line, in this order, `...`
                             standing for anything
    <!-- file: PATH -->      it is written to PATH in the folder in which the page began
    <!-- not run: WHY -->    it is not run, and this is why

Every shell block has `run` or `not run`. Guides (src/guide) run in a new folder with a link
`coldspark` to the checkout beside, as a user would have it; other pages run in the checkout,
whose tracked files they must leave as they are. Needs what scripts/setup and scripts/build
leave; scripts/test runs it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import claims
import commands
import figures
import flags
import links
import pages
import ported
import prose

ROOT = Path(__file__).resolve().parents[2]


def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def documents():
    # The template's page is one of a project that is still to be made; tests/shipping/template.py makes it.
    return [pages.read(ROOT / name) for name in pages.files("*.md") if "/.template/" not in name]


def play(page):
    """Runs a page's blocks; gives how many were run."""
    if not any(block.marker in ("run", "prints") for block in page.blocks):
        return 0
    environment = commands.environment()
    with tempfile.TemporaryDirectory(prefix="coldspark-docs-") as folder:
        if page.path.parent == ROOT / "src/guide":
            os.symlink(ROOT, Path(folder) / "coldspark")
            session = commands.Session(page, Path(folder), ROOT, environment)
        else:
            session = commands.Session(page, ROOT, ROOT, environment)
        try:
            for block in page.blocks:
                session.play(block)
        finally:
            session.close()
    return sum(block.marker == "run" for block in page.blocks)


def main(arguments):
    try:
        every = documents()
    except pages.Malformed as error:
        return str(error)
    faults = list(links.broken(every, ROOT))
    for page in every:
        faults += commands.unmarked(page)
    if fault := figures.differs():
        faults.append(fault)
    marked = 0
    for page in every:
        text = page.path.read_text()
        marked += prose.count(text)
        faults += prose.faults_of(text, page.path.relative_to(ROOT))
    if not marked:
        faults.append("no number of any page has a mark that says where it comes from")
    faults += claims.broken()
    faults += flags.differs()
    faults += ported.differs()
    if faults:
        return "\n".join(faults)
    print(f"{sum(len(page.links) for page in every)} links of {len(every)} pages, {marked} marked numbers", flush=True)
    if arguments == ["links"]:
        return None
    chosen = [page for page in every if str(page.path.relative_to(ROOT)) in arguments or not arguments]
    if len(chosen) < len(arguments):
        return f"not every one of these is a page: {' '.join(arguments)}"
    before = git("diff", "HEAD")
    try:
        run = sum(play(page) for page in chosen)
    except (commands.Failed, subprocess.TimeoutExpired) as error:
        return str(error)
    if git("diff", "HEAD") != before:
        return f"the commands have changed tracked files: {git('diff', '--stat', 'HEAD')}"
    if not run:
        return "no block was run"
    print(f"{run} blocks of commands run")
    return None


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__.strip())
        sys.exit()
    sys.exit(main(sys.argv[1:]))
