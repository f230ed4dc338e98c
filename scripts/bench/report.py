"""The table of goals and the figures, as Markdown."""

MEMORY = 128 * 2**20
# How the contenders are called in the tables.
NAMES = {
    "sekisho": "sekisho",
    "merge": "merge program",
    "sqlite": "SQLite",
    "duckdb": "DuckDB, MERGE",
    "parquet": "DuckDB, Parquet",
    "cobol": "GnuCOBOL",
    "awk": "sort + awk",
}
JOBS = {
    "nightly": "nightly update, {:,} notices",
    "mass": "mass update, {:,} notices",
    "load": "initial load",
    "show": "one record, cold process",
    "seal": "seal, open, copy of the same bytes",
    "verify": "verify everything",
    "check": "check before sending",
    "ten": "nightly update at N and 10 N, the same number of notices",
    "load_ten": "initial load of 10 N",
    "mass_ten": "mass update of 10 N, {:,} notices",
    "verify_ten": "verify everything of 10 N",
    "show_ten": "one record of 10 N, cold process",
    "reconcile_town": "reconcile one town",
    "reconcile_towns": "reconcile 25 towns",
    "match_few": "match, 100 conditions",
    "match_many": "match, {:,} conditions",
}
RECORD_BYTES = 420
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


class Goals:
    """Rows of the table: job, goal, measured, state."""

    def __init__(self, results, extra):
        self.r, self.extra, self.rows = results, extra, []

    def add(self, job, goal, measured, met):
        state = {True: "met", False: "**not met**", None: "not measured"}[met]
        self.rows.append((job, goal, measured, state))

    def later(self, job, goal, issue, batch=None):
        """What sekisho does not do yet; the time of SQLite, where it is known."""
        peer = self.r.get(batch, {}).get("sqlite")
        self.rows.append((job, goal, f"SQLite {seconds(peer['wall'])}" if peer else "-", f"not built yet: issue {issue}"))

    def faster(self, job, batch, name, peer, least):
        """sekisho against a peer: how many times faster."""
        figures = self.r.get(batch, {})
        mine, theirs = figures.get("sekisho"), [figures[one] for one in peer if one in figures]
        goal = f">= {least} x faster than {name}"
        if not mine or not theirs:
            self.add(job, goal, "-", None)
            return
        best = min(one["wall"] for one in theirs)
        ratio = best / mine["wall"]
        self.add(job, goal, f"{ratio:.2f} x ({seconds(mine['wall'])} against {seconds(best)})", ratio >= least)

    def at_most(self, job, goal, value, limit, text):
        self.add(job, goal, text, value <= limit)

    def all(self):
        for batch, job in (("nightly", "nightly update"), ("mass", "mass update")):
            mine = self.r.get(batch, {}).get("sekisho")
            if batch == "nightly":
                self.faster(job, batch, "SQLite", ("sqlite",), 20)
            else:
                self.faster(job, batch, "SQLite", ("sqlite",), 4)
                self.faster(job, batch, "DuckDB", ("duckdb", "parquet"), 8)
                self.faster(job, batch, "the merge program", ("merge",), 1)
            if mine:
                self.written(job, batch, mine)
            if batch == "nightly":
                self.ten_times()
        self.faster("initial load", "load", "SQLite, load + index", ("sqlite",), 3)
        self.later("reconcile one town of N/25", ">= 2 x faster than SQLite", 5, "reconcile_town")
        self.later("reconcile all 25 towns in one run", "one scan for all", 5, "reconcile_towns")
        self.later("bulk match, N/10 conditions", ">= 4 x faster than SQLite", 6, "match_many")
        self.later("bulk match, 100 conditions", "<= 1.5 x SQLite's indexed time", 6, "match_few")
        self.show()
        self.later("`search` by number, by four items", "as `master show` + 20 ms", 6)
        self.from_elsewhere("floe", "FLOE seal and open in memory", ">= 0.9 x the crate's AES-256-GCM, per core")
        self.seal()
        self.verify()
        self.from_elsewhere("generations", "365 daily generations at 0.1 %", "<= 1.5 full copies of space")
        self.peaks()
        self.check()
        return self.rows

    def written(self, job, batch, mine):
        new = mine["new"]["store"]
        everything = f"all of the site {megabytes(sum(mine['new'].values()))}"
        if batch == "nightly":
            counts = self.r[batch].get("agreed", {}).get("results", {})
            changed = RECORD_BYTES * int(counts.get("0", counts.get(0, 0)))
            if changed:
                text = f"{new / changed:.2f} x ({kilobytes(new)} for {kilobytes(changed)}; {everything})"
                goal = "bytes written to the store <= 5 x the rows changed"
                self.at_most(job, goal, new, 5 * changed, text)
        else:
            part = new / mine["store_before"]
            text = f"{part:.3f} ({megabytes(new)} of {megabytes(mine['store_before'])}; {everything})"
            self.at_most(job, "new bytes in the store <= 1/4 of the register's", part, 0.25, text)

    def ten_times(self):
        figures = self.r.get("ten", {})
        goal = "time at 10 N <= 2 x the time at N"
        if not figures:
            self.add("nightly update", goal, "- (`--ten`)", None)
            return
        ratio = figures["ten"]["wall"] / figures["n"]["wall"]
        text = f"{ratio:.2f} x ({seconds(figures['ten']['wall'])} against {seconds(figures['n']['wall'])})"
        self.at_most("nightly update", goal, ratio, 2, text)

    def show(self):
        for key, where in (("show", "N"), ("show_ten", "10 N")):
            figures, goal = self.r.get(key, {}), f"<= 2 x an empty process + 5 ms, at {where}"
            if not figures:
                self.add("`master show CODE`, cold process", goal, "-" if key == "show" else "- (`--ten`)", None)
                continue
            mine, empty = figures["sekisho"]["wall"], figures["empty"]["wall"]
            text = f"{mine * 1000:.1f} ms, limit {(2 * empty + 0.005) * 1000:.1f} ms"
            self.at_most("`master show CODE`, cold process", goal, mine, 2 * empty + 0.005, text)

    def seal(self):
        figures = self.r.get("seal", {})
        for job in ("seal", "open"):
            if figures:
                ratio = figures["cp && sync"]["wall"] / figures[job]["wall"]
                speed = figures["bytes"] / figures[job]["wall"] / 1e9
                text = f"{ratio:.2f} x ({speed:.2f} GB/s, {megabytes(figures['bytes'])})"
                self.add(f"{job} an export file", ">= 0.8 x the speed of `cp && sync`", text, ratio >= 0.8)

    def verify(self):
        figures = self.r.get("verify", {})
        if figures:
            rate = figures["bytes"] / figures["sekisho"]["cpu"] / 1e9
            text = f"{rate:.2f} GB/s and core ({megabytes(figures['bytes'])} in {seconds(figures['sekisho']['wall'])})"
            self.add("verify everything", ">= 0.7 GB/s per core of stored bytes", text, rate >= 0.7)

    def check(self):
        figures = self.r.get("check", {})
        for name, least, words in (("hashed", 0.4, "with SHA-256"), ("unhashed", 1, "without")):
            if figures:
                rate = figures["records"] / figures[name]["cpu"] / 1e6
                text = f"{rate:.2f} M ({seconds(figures[name]['wall'])} for {figures['records']:,})"
                self.add("`check`", f">= {least} M records per second and core, {words}", text, rate >= least)

    def from_elsewhere(self, name, job, goal):
        """A figure that another command leaves in `target/bench/NAME.json`: {"text": ..., "met": true or false}."""
        found = self.extra.get(name)
        if found:
            self.add(job, goal, found["text"], bool(found["met"]))
        else:
            self.rows.append((job, goal, "-", "not measured"))

    def peaks(self):
        """The largest peak of each job, at N and at 10 N."""
        for key, where in (("", "N"), ("_ten", "10 N")):
            peaks = {}
            for job in ("nightly", "mass", "load", "show", "verify"):
                figures = self.r.get(job + key, {}).get("sekisho")
                if figures:
                    peaks[job] = figures["peak"]
            if not key:
                peaks |= {job: self.r["seal"][job]["peak"] for job in ("seal", "open") if "seal" in self.r}
                peaks |= {"check": self.r["check"]["hashed"]["peak"]} if "check" in self.r else {}
            elif "ten" in self.r:
                peaks["nightly"] = self.r["ten"]["ten"]["peak"]
            text = ", ".join(f"{job} {peak / 2**20:.0f}" for job, peak in peaks.items())
            met = max(peaks.values()) <= MEMORY if peaks else None
            self.add("peak memory, MiB", f"<= 128 MiB for every job, at {where}", text or "- (`--ten`)", met)


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def megabytes(value):
    return f"{value / 1e6:,.1f} MB"


def kilobytes(value):
    return f"{value / 1e3:,.0f} kB"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def figures_of(results, n):
    """One line for each contender of each job."""
    counts = {"nightly": n // 1000, "mass": n // 10, "match_many": n // 10, "mass_ten": n}
    rows = []
    for job, words in JOBS.items():
        contenders = {name: one for name, one in results.get(job, {}).items() if isinstance(one, dict) and "wall" in one}
        mine = contenders.get("sekisho")
        for name, one in contenders.items():
            against = f"{one['wall'] / mine['wall']:.2f}" if mine else "-"
            written = "-" if one["written"] is None else megabytes(one["written"])
            spread = f"{min(one['walls']):.3f}-{max(one['walls']):.3f}"
            peak = f"{one['peak'] / 2**20:.0f}"
            called = NAMES.get(name, name)
            rows.append(
                (words.format(counts.get(job, 0)), called, f"{one['wall']:.3f}", spread, against, f"{one['cpu']:.3f}", peak, written)
            )
    return table(("job", "who", "wall s", "from-to", "of sekisho", "CPU s", "peak MiB", "written"), rows)


def write(state, extra):
    """The generated part of docs/performance.md."""
    results, n, machine = state["results"], state["n"], state["machine"]
    rows = Goals(results, extra).all()
    count = sum(row[3] == "met" for row in rows)
    judged = sum(row[3] in ("met", "**not met**") for row in rows)
    agreed = [
        f"{batch}: {', '.join(NAMES.get(one, one) for one in one_['peers'])} "
        f"({sum(one_['results'].values()):,} results, {one_['residents']:,} residents afterwards)"
        for batch, one_ in ((batch, results.get(batch, {}).get("agreed")) for batch in ("nightly", "mass"))
        if one_
    ]
    lines = [
        f"Measured on {state['date']} with N = {n:,}, medians of {state['runs']} runs: {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory']}, disk {machine['disk']}, Linux {machine['kernel']}. {count} of {judged} measured goals are met.",
        "",
        *table(("job", "goal", "measured", "state"), rows),
        "",
        "Whole processes; the peers have no encryption, history, ledger, and answer nobody. \"Of sekisho\": their wall time divided by that of "
        "sekisho, so more than 1 is slower than sekisho.",
        "",
        *figures_of(results, n),
        "",
        "Same results, record by record, and the same register: " + "; ".join(agreed or ["not compared in this run"]) + ".",
        "",
        "Versions: " + "; ".join(f"{name} {text}" for name, text in state["versions"].items() if text) + ".",
    ]
    if state["missing"]:
        lines += ["", "Not measured: " + "; ".join(f"{name} ({why})" for name, why in state["missing"].items()) + "."]
    return "\n".join(lines) + "\n"


def put(path, part):
    """Puts the generated part between its marks; what stands around them stays."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{BEGIN}\n\n{part}\n{END}{after}", encoding="utf-8")
