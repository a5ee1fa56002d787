"""What scripts/bench --kernel tells: a table, a file of results, charts, and budgets."""

import json
import os
import sys

import chart

FIGURES = {"init": "spawn to `next`", "first_response": "spawn to first response", "warm_event": "a warm event"}


def table(results):
    """Markdown: a line for each program, kernel and user instructions of both architectures."""
    arches = list(results)
    titles = [f"{title}, {arch}" for title in FIGURES.values() for arch in arches]
    titles += [f"page faults, {arch}" for arch in arches]
    lines = ["| program | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    names = dict.fromkeys(name for arch in arches for name in results[arch]["programs"])
    for name in names:
        programs = [results[arch]["programs"].get(name) for arch in arches]
        cells = [_cell(program and program[figure]) for figure in FIGURES for program in programs]
        cells += [str(program["minor_faults"]) if program else "not measured" for program in programs]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(counts):
    return f"{counts['kernel']:,} + {counts['user']:,}" if counts else "not measured"


def _both(counts):
    """Without what the harness itself executed."""
    return counts["kernel"] + counts["user"]


def spread(results):
    """The widest distance of a round from the one that was taken, in percent, by figure and in words."""
    def widest(figure):
        rows = [program[figure] for arch in results.values() for program in arch["programs"].values()]
        return max(100 * max(row["most"] - row["total"], row["total"] - row["least"]) / row["total"] for row in rows)
    return ", ".join(f"{title} {widest(figure):.1f}%" for figure, title in FIGURES.items())


def written(results, options):
    """Prints the table, and keeps the results beside those of an architecture that was not counted."""
    path = os.path.join(options.output, "kernel-only.json" if options.only else "kernel.json")
    kept = {}
    if not options.only and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
    kept.update(results)
    kept = {arch: kept[arch] for arch in ("x86_64", "arm64") if arch in kept}
    os.makedirs(options.output, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(kept, indent=2) + "\n")
    print(table(kept))
    print(f"Instructions of kernel + user. The rounds differ from these by at most: {spread(kept)}.")
    for arch, result in kept.items():
        for name in result["missing"]:
            print(f"- {name}, {arch}: not measured, not built")
    print(f"[bench] {path}", file=sys.stderr)
    if not options.only:
        for arch, result in kept.items():
            with open(os.path.join(options.output, f"kernel-{arch}.svg"), "w", encoding="utf-8") as file:
                file.write(chart.drawn(arch, result, "first_response", FIGURES["first_response"]))


def held(arch, figures, budgets, control):
    """Prints each budget with what was counted; whether all are met, and broken by the control."""
    fine = True
    for name, limits in budgets.items():
        for figure, limit in limits.items():
            total = _both(figures[name][figure]) if name in figures else None
            met = total is not None and total <= limit
            fine &= met
            loose = met and total * 10 < limit * 8
            verdict = "NOT MEASURED" if total is None else "OVER BUDGET" if not met else "met"
            print(f"| {arch} | {name} | {figure}, kernel and user | {total} | {limit} | {verdict}"
                  f"{'; the budget can be lowered' if loose else ''} |")
        for figure, limit in limits.items():
            # A count that does not see this program's excess proves nothing.
            total = _both(figures[control][figure]) if control in figures else 0
            caught = total > limit
            fine &= caught
            print(f"| {arch} | {control} | {figure}, kernel and user | {total} | {limit} | "
                  f"{'caught, as it must be' if caught else 'NOT CAUGHT: the count is blind'} |")
    return fine
