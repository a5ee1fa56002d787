"""Compares the clones of each row and prints the table."""

# What the function made with coldspark::fresh.
FRESH = ["uuid_v4", "uuid_v7", "short_id", "bytes", "secret", "hook"]

LEGEND = """
fresh, id made in init, raw getrandom: duplicates over all clones of a row. The first must have
none. The other two are controls: ids made in init must repeat everywhere, raw getrandom where
there is no vmgenid. values: made by each clone with coldspark::fresh, 100 of them in an
after-restore hook. reseeded: clones whose kernel took new entropy while they ran. Where none did,
all clones had the same kernel pool, and what kept them apart was mixed in by coldspark::fresh:
the request id, the cycle counter and the clock.
"""


def write(rows, seconds):
    """Prints the table and what is wrong; returns the exit status."""
    head = ["machine", "CPU generator", "clones", "values", "fresh", "id made in init",
            "raw getrandom", "reseeded", "verdict"]
    found = [Findings(row) for row in rows]
    lines = [head, *(each.cells() for each in found)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        print(" | ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print(LEGEND)
    for each in found:
        for note in each.notes():
            print(f"{each.row.name}: {note}")
    print(f"{seconds:.0f} seconds")
    wrong = [f"FAILED: {each.row.name}: {text}" for each in found for text in each.wrong]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


class Findings:
    """One row's figures, and what is wrong with them."""

    def __init__(self, row):
        self.row, clones = row, row.clones
        self.made = min(map(fresh_values, clones))
        self.fresh = fresh_repeated(clones)
        self.init = repeated([set(clone["init"]) for clone in clones])
        self.raw = repeated([clone["raw"] for clone in clones])
        self.drawn = sum(len(clone["raw"]) for clone in clones)
        self.reseeded = sum(clone["reseeds"] > 0 for clone in clones)
        self.wrong = list(self.complaints())

    def complaints(self):
        row, clones = self.row, self.row.clones
        if self.made < row.values:
            yield f"a clone made only {self.made} of {row.values} values"
        if self.fresh:
            yield f"coldspark::fresh made {self.fresh} values again"
        once = [set(clone["per_restore"]) for clone in clones]
        if any(len(values) != 1 for values in once) or repeated(once):
            yield "PerRestore did not make one value in each clone, another in each"
        if len({value for clone in clones for value in clone["init"]}) != 1:
            yield "the control shows nothing: the id made in init is not the same in all clones"
        if not row.vmgenid and not self.raw:
            yield "the control shows nothing: raw getrandom never repeated"
        if row.vmgenid and self.reseeded < len(clones):
            yield "the vmgenid device did not make every kernel reseed"

    def cells(self):
        clones, verdict = len(self.row.clones), "FAILED" if self.wrong else "ok"
        return [self.row.name, self.row.generator, str(clones), str(self.made), str(self.fresh),
                str(self.init), f"{self.raw} of {self.drawn}", f"{self.reseeded} of {clones}", verdict]

    def notes(self):
        row = self.row
        yield (f"Linux {row.release}, snapshot {row.uptime:.1f} s after boot,"
               f" {row.quiet:.1f} s before a reseed was due")
        if row.twins:
            raw = [twin["raw"] for twin in row.twins]
            yield (f"a twin with the request ids of the first clone repeated"
                   f" {fresh_repeated(row.twins)} of its {fresh_values(row.twins[1])} fresh values"
                   f" and {repeated(raw)} of its {len(raw[1])} raw ones")


def fresh_values(clone):
    return sum(len(clone.get(kind, [])) for kind in FRESH)


def fresh_repeated(clones):
    return sum(repeated([clone.get(kind, []) for clone in clones]) for kind in FRESH)


def repeated(lists):
    """How many values had been there before, in the same list or in another."""
    values = [value for each in lists for value in each]
    return len(values) - len(set(values))
