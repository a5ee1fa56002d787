"""The tables of web applications behind the layer and behind Lambda Web Adapter, from a file of scripts/bench --web."""

import re

import measured
from measured import time

PLACE = re.compile(r"(<!-- web: (\S+)( short| brief)? -->\n).*?(<!-- end of web -->)", re.DOTALL)
LAYER = "layer"
ADAPTER = "lambda_web_adapter"
# The column, and its name in the file.
COLUMNS = [
    ("spawn to `next`", "next_us"),
    ("first answer", "first_answer_us"),
    ("first answer without the application's CPU time", "beside_us"),
    ("warm request", "warm_us"),
    ("6 MB event", "upload_us"),
    ("6 MB response", "download_us"),
    ("first byte of a stream", "first_byte_us"),
    ("event, 16 at a time", "of_16_us"),
]
TITLES = {"c": "A static server in C", "node": "Node", "fastapi": "FastAPI on uvicorn"}
# The rows of the short table: application, figure, text.
SHORT = [
    ("c", "next_us", "C server: spawn to `next`"),
    ("c", "first_answer_us", "C server: spawn to first answer"),
    ("c", "warm_us", "C server: warm request"),
    ("c", "upload_us", "C server: an event of 6 MB"),
    ("c", "download_us", "C server: a response of 6 MB"),
    ("c", "first_byte_us", "C server: first byte of a stream"),
    ("c", "of_16_us", "C server: an event, 16 at a time"),
    ("node", "first_answer_us", "Node: spawn to first answer"),
    ("node", "beside_us", "the same without the application's CPU time"),
    ("node", "warm_us", "Node: warm request"),
    ("fastapi", "first_answer_us", "FastAPI: spawn to first answer"),
    ("fastapi", "beside_us", "the same without the application's CPU time"),
    ("fastapi", "warm_us", "FastAPI: warm request"),
]
# The brief table has these rows of it, and the zip.
BRIEF = [("c", "next_us"), ("c", "warm_us"), ("node", "first_answer_us"), ("fastapi", "first_answer_us")]


def number(value):
    return "" if value is None else f"{value:,.0f}"


def median(row, figure):
    spread = row["us"].get(figure) if row else None
    return spread["median"] if spread else None


def whole(results):
    parts = []
    for application in results["applications"]:
        lines = [f"{TITLES[application['name']]}, {application['rounds']} rounds:", ""]
        titles = " | ".join(title for title, _ in COLUMNS)
        lines += [f"| | {titles} | warm, p99 | RSS, kB | RSS without file pages, kB |", "|---" * (len(COLUMNS) + 4) + "|"]
        for row in application["stacks"]:
            cells = []
            for _, figure in COLUMNS:
                ratio = row["layer_ratio"].get(figure)
                value = median(row, figure)
                cells.append("" if value is None else time(value) + (f" ({ratio['median']:.2f})" if ratio else ""))
            p99 = row["warm_p99_us"]
            cells += ["" if p99 is None else time(p99), number(row["resident_kb"]), number(row["anonymous_kb"])]
            lines.append(f"| `{row['name']}` | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    sizes = [f"`{name}` {size['bytes']:,} bytes, {size['zip_bytes']:,} in a zip" for name, size in results["sizes"].items()
             if not name.endswith("-together")]
    parts.append("Sizes: " + "; ".join(sizes) + ".")
    lines = ["| aim | measured | limit | |", "|---|---|---|---|"]
    for aim in results["reach"]:
        lines.append(f"| {aim['what']} | {aim['value']:.3f} | {aim['limit']:g} | {'holds' if aim['holds'] else '**missed**'} |")
    parts.append("\n".join(lines))
    return "\n\n".join(parts)


def short(results, is_brief):
    rows = {(application["name"], row["name"]): row
            for application in results["applications"] for row in application["stacks"]}
    lines = ["| | the application alone | the layer | the Web Adapter | layer / Web Adapter |", "|---" * 5 + "|"]
    for application, figure, title in SHORT:
        if is_brief and (application, figure) not in BRIEF:
            continue
        alone, own, other = (rows.get((application, name)) for name in ("alone", LAYER, ADAPTER))
        by_itself = median(alone, figure)
        ratio = other["layer_ratio"].get(figure) if other else None
        part = f"{ratio['median']:.2f}" if ratio else "not measured"
        lines.append(f"| {title} | {'' if by_itself is None else time(by_itself)} | {time(median(own, figure))} | "
                     f"{time(median(other, figure))} | {part} |")
    own, other = (rows[("c", name)] for name in (LAYER, ADAPTER))
    sizes = [results["sizes"][name] for name in (LAYER, ADAPTER)]
    memory = [
        ("resident memory beside the C server, kB", [own["resident_kb"], other["resident_kb"]]),
        ("the same without pages of files, kB", [own["anonymous_kb"], other["anonymous_kb"]]),
        ("bytes of the binary", [size["bytes"] for size in sizes]),
    ]
    for title, values in [*([] if is_brief else memory), ("zip, bytes", [size["zip_bytes"] for size in sizes])]:
        lines.append(f"| {title} | | {number(values[0])} | {number(values[1])} | {values[0] / values[1]:.2f} |")
    return "\n".join(lines)


def table(path, form):
    """The table of a file, with the machine below it."""
    results = measured.read(path, "web applications", "--web")
    is_brief = form == " brief"
    body = short(results, is_brief) if form else whole(results)
    machine = measured.brief_machine if is_brief else measured.machine
    return f"{body}\n\n{machine(results, 'medians')}\n"


def refreshed(text, root):
    """The page with the tables of today."""
    return measured.refreshed(PLACE, text, root, table)
