"""A chart of instructions: a bar for each program, the kernel's part and its own."""

import html

COLORS = {"kernel": "#7f8c8d", "user": "#1f77b4"}
ROW, LEFT, WIDTH, TOP = 26, 140, 440, 70


def _text(x, y, anchor, size, said):
    return (f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" '
            f'font-family="sans-serif">{html.escape(said)}</text>')


def shown(totals):
    """What the full width stands for. One program that is far beyond the others would hide them, so
    its bar is cut."""
    return totals[-2] if len(totals) > 1 and totals[-1] > 4 * totals[-2] else totals[-1]


def drawn(arch, result, figure, title):
    """The SVG of one figure; what the harness itself executed is left out."""
    bars = {name: program[figure] for name, program in result["programs"].items()}
    longest = shown(sorted(bar["kernel"] + bar["user"] for bar in bars.values()))
    height = TOP + ROW * len(bars) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{height}">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(410, 28, "middle", 17, f"Instructions, {title} ({arch})"),
        _text(410, 50, "middle", 12, "grey: the kernel's; blue: the program's"),
    ]
    for index, (name, bar) in enumerate(bars.items()):
        top, left = TOP + ROW * index, float(LEFT)
        parts.append(_text(LEFT - 8, top + ROW / 2 + 4, "end", 13, name))
        # A bar that is cut keeps its two parts in proportion.
        whole = max(longest, bar["kernel"] + bar["user"])
        for side, color in COLORS.items():
            width = WIDTH * bar[side] / whole
            parts.append(f'<rect x="{left:.1f}" y="{top + 4}" width="{width:.1f}" height="{ROW - 8}" fill="{color}"/>')
            left += width
        label = f"{bar['kernel']:,} + {bar['user']:,}{'; cut' if whole > longest else ''}"
        parts.append(_text(f"{left + 8:.1f}", top + ROW / 2 + 4, "start", 12, label))
    foot = (f"qemu's {result['cpu']} in a virtual machine, Linux {result['kernel']}; "
            f"{result['date']} ({result['commit']})")
    return "\n".join([*parts, _text(410, height - 14, "middle", 11, foot), "</svg>"]) + "\n"
