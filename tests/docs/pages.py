"""Finds the checkout's files, and reads Markdown: fenced blocks with the marker before them, headings, links."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(`{3,}|~{3,})\s*(.*)$")
MARKER = re.compile(r"^<!--\s*(run|prints|file|not run)(?::\s*(.*?))?\s*-->$")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
INLINE_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s+(\S+)$")
SHELL = {"sh", "bash", "shell", "console"}


@dataclass
class Block:
    """A fenced block; `marker` and `argument` are those of the comment right before it."""

    line: int
    language: str
    text: str
    marker: str | None
    argument: str | None

    @property
    def is_shell(self):
        return self.language in SHELL


@dataclass
class Page:
    path: Path
    blocks: list[Block]
    anchors: set[str]
    links: list[tuple[int, str]]


class Malformed(Exception):
    """A page that cannot be read as it is meant."""


def files(*patterns):
    """The names of the files that git tracks, or would, and that are there."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        capture_output=True, text=True, check=True,
    )
    return [name for name in listed.stdout.split() if (ROOT / name).is_file()]


def read(path):
    blocks, anchors, links, seen = [], set(), [], {}
    marker = None
    fence = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if fence:
            mark, block = fence
            if line.strip() == mark:
                blocks.append(block)
                fence = None
            else:
                block.text += line + "\n"
            continue
        if match := FENCE.match(line):
            words = re.split(r"[\s,]+", match[2])
            kind, argument = marker or (None, None)
            fence = match[1], Block(number, words[0], "", kind, argument)
            marker = None
            continue
        if match := MARKER.match(line):
            if marker:
                raise Malformed(f"{path}:{number}: two markers and no block between them")
            marker = match[1], match[2]
            continue
        if marker and line.strip():
            raise Malformed(f"{path}:{number}: a marker stands before text and not before a block")
        if match := HEADING.match(line):
            anchors.add(anchor(match[1], seen))
        plain = re.sub(r"`[^`]*`", "", line)
        links += [(number, target) for target in INLINE_LINK.findall(plain)]
        if match := DEFINITION.match(plain):
            links.append((number, match[1]))
    if fence or marker:
        raise Malformed(f"{path}: ends in a block or behind a marker")
    return Page(path, blocks, anchors, links)


def anchor(heading, seen):
    """The anchor that GitHub gives a heading; repeated ones get a number."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    count = seen.get(text, 0)
    seen[text] = count + 1
    return f"{text}-{count}" if count else text
