"""What the tables of scripts/bench --aws (calls.py) and --web (web.py) have in common."""

import json


def read(path, what, option):
    """The results in a file of this option of scripts/bench."""
    if not path.is_file():
        raise SystemExit(f"{path}, the results of a table of {what}, is not there; scripts/bench {option} writes it")
    return json.loads(path.read_text())


def time(us):
    """Microseconds for people."""
    if us is None:
        return "not measured"
    if us < 1000:
        return f"{us:.0f} us"
    return f"{us / 1000:.2f} ms" if us < 10_000 else f"{us / 1000:.1f} ms"


def repeated(results):
    """How many measurements were repeated, because the core was busy with something else."""
    moments = results.get("moments")
    if not moments:
        return ""
    made = moments["kept"] + moments["repeated"]
    return (
        f"; {moments['repeated']:,} of {made:,} measurements were repeated because the core was busy, and "
        f"{moments['disturbed']:,} were kept although it was"
    )


def machine(results, medians):
    """The line below a table: the machine, the run, what the times are (`medians`), and how busy the machine was."""
    about = results["machine"]
    loads = "{:.1f} before and {:.1f} after".format(*about["load"])
    noise = f" **Busy: {'; '.join(results['noise'])}.**" if results["noise"] else ""
    return (
        f"{results['arch']}, {about['cpu']}, one core, {about['virtualised']}, Linux {about['kernel']}; "
        f"{results['date']}, commit {results['commit']}, {medians}; the machine's load {loads}{repeated(results)}.{noise}"
    )


def brief_machine(results, medians):
    """The same for the README: one line of a page."""
    about = results["machine"]
    noise = " **The machine was busy.**" if results["noise"] else ""
    return f"{results['arch']}, {about['cpu']}, {about['virtualised']}; {results['date']}, commit {results['commit']}, {medians}.{noise}"


def refreshed(place, text, root, table):
    """The page with the tables of today. `place` finds the opening mark, its file and form, and the closing mark."""
    return place.sub(lambda found: found[1] + table(root / found[2], found[3]) + found[4], text)
