"""Results: the bench's JSON (bench/src/results.rs), a table, and a chart."""

import html
import json
import math

from programs import PROGRAMS

COLORS = {"ours": "#1f77b4", "layer": "#7fb3d5", "peer": "#e69138"}
# The name in the JSON, the title, the samples and the field of a REPORT line.
TIMED = [
    ("aws_init_us", "Init Duration", "cold", "init_ms"),
    ("aws_first_event_us", "Duration of the first event", "cold", "duration_ms"),
    ("aws_first_billed_us", "Billed Duration of the first event", "cold", "billed_ms"),
    ("aws_warm_event_us", "Duration of a warm event", "warm", "duration_ms"),
]


def quantile(values, part):
    """Between the two nearest values, as the harness does it."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread(values):
    return {"median": quantile(values, 0.5), "p10": quantile(values, 0.1), "p90": quantile(values, 0.9), "count": len(values)}


def program(function, sizes):
    timed = {}
    for name, _, samples, field in TIMED:
        values = [sample[field] * 1000 for sample in getattr(function, samples)]
        if values:
            timed[name] = {"us": spread(values), "ratio": None}
    counted = dict(sizes)
    used = [sample["memory_mb"] for sample in function.cold if "memory_mb" in sample]
    if used:
        counted["aws_max_memory_used_mb"] = int(max(used))
    failed = {"aws_init_us": function.failures[-1]} if function.given_up or not function.cold else {}
    return {
        "name": f"{function.program} {function.memory} MB",
        "group": PROGRAMS[function.program].group,
        "about": f"{function.program} on AWS Lambda with {function.memory} MB; {function.lukewarm} events were not cold",
        "timed": timed, "counted": counted, "failed": failed,
        "samples": {"cold": function.cold, "warm": function.warm},
    }


def results(arch, functions, sizes, about):
    """One architecture's results."""
    return {
        "arch": arch, "wall_time": True, "date": about["date"], "commit": about["commit"],
        "machine": {
            "cpu": f"AWS Lambda, {about['region']}", "cores": 0, "memory_mb": 0, "kernel": "not told",
            "system": "provided.al2023", "virtualised": "Lambda", "load": [],
        },
        "versions": about["versions"], "limit": "memory size, as each program's name says",
        "rounds": {"warm": about["starts"], "cold": about["starts"], "large": 0},
        "programs": [program(function, sizes[function.program, arch]) for function in functions if function.arch == arch],
        "missing": [], "power_tuning": about["power_tuning"].get(arch, {}),
    }


def milliseconds(time):
    return f"{time['us']['median'] / 1000:.2f} ({time['us']['p10'] / 1000:.2f} to {time['us']['p90'] / 1000:.2f})"


def table(made):
    lines = [f"{made['arch']}, {made['machine']['cpu']}, {made['date']}: ms, median (p10 to p90)", ""]
    lines += ["| program | " + " | ".join(title for _, title, _, _ in TIMED) + " | memory, MB | cold starts |"]
    lines += ["|---" * (len(TIMED) + 3) + "|"]
    for one in made["programs"]:
        cells = [milliseconds(one["timed"][name]) if name in one["timed"] else "not measured" for name, *_ in TIMED]
        starts = one["timed"].get("aws_init_us", {"us": {"count": 0}})["us"]["count"]
        memory = one["counted"].get("aws_max_memory_used_mb", "?")
        lines.append(f"| {one['name']} | {' | '.join(cells)} | {memory} | {starts} |")
        lines += [f"| | failed: {reason} |" for reason in one["failed"].values()]
    return "\n".join(lines)


def chart(made, name, title):
    """Bars: the length is the median, a line goes from p10 to p90."""
    bars = [(one, one["timed"][name]["us"]) for one in made["programs"] if name in one["timed"]]
    if not bars:
        return None
    row, left, width = 26, 190, 450
    end = max(bar["p90"] for _, bar in bars) or 1
    height = 56 + row * len(bars) + 40
    text = lambda x, y, anchor, size, said: (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" font-family="sans-serif">{html.escape(said)}</text>'
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{height}">',
        '<rect width="100%" height="100%" fill="white"/>',
        text(410, 28, "middle", 17, f"{title}, {made['arch']}"),
    ]
    for index, (one, bar) in enumerate(bars):
        top = 56 + row * index
        place = {key: round(left + width * bar[key] / end, 1) for key in ("median", "p10", "p90")}
        middle = top + row / 2
        parts += [
            text(left - 8, middle + 4, "end", 13, one["name"]),
            f'<rect x="{left}" y="{top + 4}" width="{place["median"] - left:.1f}" height="{row - 8}" fill="{COLORS[one["group"]]}"/>',
            f'<path d="M{place["p10"]} {middle}H{place["p90"]}" stroke="#282c34"/>',
            text(max(place["median"], place["p90"]) + 8, middle + 4, "start", 12, f"{bar['median'] / 1000:.2f} ms"),
        ]
    foot = f"median, line from p10 to p90; {made['machine']['cpu']}, {made['date']} ({made['commit']})"
    parts += [text(410, height - 16, "middle", 11, foot), "</svg>"]
    return "\n".join(parts) + "\n"


def write(made, folder):
    """Writes the JSON and the charts; gives the files."""
    stem = f"{made['date']}-{made['arch']}-aws-{made['commit']}"
    files = [folder / f"{stem}.json"]
    files[0].write_text(json.dumps(made, indent=1) + "\n")
    for name, title, *_ in TIMED:
        drawn = chart(made, name, f"{title} on AWS Lambda")
        if drawn:
            files.append(folder / f"{made['arch']}-{name.removesuffix('_us').replace('_', '-')}.svg")
            files[-1].write_text(drawn)
    return files
