"""The jobs of the measurement: for each, who does it and how."""

import filecmp
import json
import os
import shutil
import sys
from pathlib import Path

import agree
import generations
import sites
from contest import Contender, contest
from measure import Failed, run

LOAD_DAY, NOTICE_DAY = "20260601", "20260602"
# The format of the generated data; another number makes them anew.
DATA = "2"
OTHER = Path(__file__).resolve().parents[2] / "benches" / "peers" / "other"
# The serial of the notices; the load has 1.
SERIAL = 2


class Bench:
    """One measurement with `n` residents below the folder `work`."""

    def __init__(self, n, work, runs, tools):
        self.n, self.work, self.runs, self.tools = n, work, runs, tools
        self.data, self.site, self.keys = work / "data", work / "site", work / "keys"
        self.results = {}

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def peer(self, name):
        return self.tools.peers / name

    def sekisho(self, site, *words, day=None):
        dated = ["--business-date", sites.dashed(day)] if day else []
        return [self.tools.sekisho, "--site", site, *words, *dated]

    def empty(self, name):
        """An empty folder for what a run writes."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    # data and sites

    def make_data(self, alone=False):
        """Makes the data, if they are not there already."""
        mark = self.work / "data-made"
        if mark.exists() and mark.read_text() == DATA:
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.say(f"data of {self.n} residents")
        run([self.peer("gen"), self.n, self.data, *(["20260601", "alone"] if alone else [])])
        mark.write_text(DATA)

    def load(self):
        """The initial load: every run makes a site, the last one is the site of all other jobs."""
        base = self.work / "site-empty"

        def prepare():
            sites.copy(base, self.site)
            sites.deliver(self.data, "load", self.site)

        def remove(path):
            return lambda: path.unlink(missing_ok=True)

        shutil.rmtree(self.site, ignore_errors=True)
        sites.make(self.tools.sekisho, self.data, base, self.keys, LOAD_DAY)
        base_files = self.work / "register.db"
        flat = self.data / "master.utf8"
        contenders = [
            Contender("sekisho", self.sekisho(self.site, "run", day=LOAD_DAY), prepare, codes=sites.DONE),
            Contender("sqlite", [self.peer("sqlite"), "load", flat, base_files], remove(base_files)),
        ]
        if self.tools.duckdb:
            contenders.append(Contender("duckdb", [self.tools.duckdb, OTHER / "duck.py", "load", flat, self.work]))
        self.results["load"] = contest(contenders, self.runs, warm=0)
        files = sites.files(self.site)
        self.results["load"]["sekisho"]["store_bytes"] = below(files, "store")
        self.results["load"]["sekisho"]["site_bytes"] = sum(files.values())

    # nightly and mass update

    def update(self, batch):
        """One run over the notices of a batch, by everybody; then the results and registers are compared."""
        notices = self.data / batch
        site = self.work / f"run-{batch}"
        out = {name: self.empty(f"{name}-{batch}") for name in ("merge", "sqlite", "parquet", "duckdb", "cobol", "awk")}
        before = {}

        def prepare():
            sites.copy(self.site, site)
            sites.deliver(self.data, batch, site)
            before.update(sites.files(site))

        def after(_):
            now = sites.files(site)
            new = {part: sites.new_bytes(only(before, part), only(now, part)) for part in PARTS}
            return {"new": new, "store_before": below(before, "store")}

        cp932, flat, base = notices / "updates.cp932", self.data / "master.utf8", self.work / "register.db"
        contenders = [
            Contender("sekisho", self.sekisho(site, "run", day=NOTICE_DAY), prepare, after, sites.DONE),
            Contender("merge", [self.peer("merge"), "apply", cp932, flat, out["merge"]]),
            Contender("sqlite", [self.peer("sqlite"), "apply", cp932, base, out["sqlite"]]),
        ]
        if self.tools.duckdb:
            duck = [self.tools.duckdb, OTHER / "duck.py"]
            contenders += [
                Contender("duckdb", [*duck, "merge", cp932, self.work, out["duckdb"]]),
                Contender("parquet", [*duck, "parquet", cp932, self.work, out["parquet"]]),
            ]
        if batch == "mass":
            contenders += self.sequential(notices / "updates.utf8", out)
        copy, untouched = self.work / "copied", sites.state(self.site)
        contenders.append(Contender("cp && sync", ["sh", "-c", 'cp "$0" "$1" && sync "$1"', flat, copy]))
        self.results[batch] = contest(contenders, self.runs)
        copy.unlink()
        if sites.state(self.site) != untouched:
            raise Failed("a run changed a file that its copy shares with the site it was copied from")
        peers = {one.name: out[one.name] for one in contenders if one.name in out}
        agreed = apart(lambda: self.agree(batch, site, peers))
        self.results[batch]["agreed"] = agreed
        number = sum(agreed["results"].values())
        self.say(f"{batch}: {len(peers)} peers agree with sekisho on {number} results and {agreed['residents']} residents")
        for folder in (site, *out.values()):
            shutil.rmtree(folder, ignore_errors=True)

    def sequential(self, notices, out):
        """The peers that read and write everything in order. Their notices are UTF-8: they cannot decode CP932."""
        flat, contenders = self.data / "master.utf8", []
        end = 'LC_ALL=C sort "$O/result.key" -o "$O/result.txt" && sync "$O/register" "$O/result.txt" "$O/reject.txt"'
        if self.tools.cobol:
            names = {"OLDM": flat, "TRANSF": notices, "SORTED": out["cobol"] / "sorted", "NEWM": out["cobol"] / "register"}
            names |= {"RESULTF": out["cobol"] / "result.key", "REJECTF": out["cobol"] / "reject.txt"}
            env = {f"DD_{name}": str(path) for name, path in names.items()} | {"O": str(out["cobol"]), "LC_ALL": "C"}
            env |= {"COB_SORT_MEMORY": "536870912", "COB_SEQ_CONCAT_NAME": "false"}
            contenders.append(Contender("cobol", ["sh", "-c", f'"$0" >/dev/null && {end}', self.tools.cobol], env=env))
        if self.tools.awk:
            work = (
                'LC_ALL=C sort -s -k1.10,1.20 "$1" >"$O/sorted" && LC_ALL=C awk -v "T=$O/sorted" -v "RES=$O/result.key" '
                f'-v "REJ=$O/reject.txt" -f "$0" "$2" >"$O/register" && {end}'
            )
            argv = ["sh", "-c", work, OTHER / "apply.awk", notices, flat]
            contenders.append(Contender("awk", argv, env={"O": str(out["awk"])}))
        return contenders

    def agree(self, batch, site, out):
        """Fails loudly where anybody came to another result or another register."""
        found = agree.findings(self.tools.sekisho, site, self.keys, SERIAL)
        expected, counts = agree.result_lines((self.data / batch / "updates.utf8").read_bytes(), found)
        for name, folder in out.items():
            agree.same_results(name, expected, folder / "result.txt")
        export = self.work / "export.csv"
        export.unlink(missing_ok=True)
        run(self.sekisho(site, "master", "export", "--out", export))
        residents = 0
        for name, folder in out.items():
            if name == "sqlite":
                rows = agree.rows_of_sqlite(folder / "register.db")
            elif name in ("duckdb", "parquet"):
                form = "merge" if name == "duckdb" else "parquet"
                run([self.tools.duckdb, OTHER / "duck.py", "rows", form, folder, folder / "rows.csv"])
                rows = agree.rows_of_csv(folder / "rows.csv")
            else:
                rows = agree.rows_of_flat(folder / "register")
            residents = agree.same_register(name, agree.rows_of_export(export), rows)
        export.unlink()
        return {"peers": sorted(out), "results": counts, "residents": residents}

    # what sekisho does not do yet

    def reconcile(self):
        """Extracts of one municipality and of all, against the register."""
        for name in ("town", "towns"):
            self.compared(f"reconcile_{name}", "reconcile", self.data / name / "extract.cp932")

    def match(self):
        """A hundred conditions, and a tenth of the residents' number."""
        for name in ("few", "many"):
            self.compared(f"match_{name}", "match", self.data / f"{name}.cp932")

    def compared(self, job, command, asked):
        """The merge program and SQLite; sekisho takes its place here when it can do this."""
        out = {name: self.empty(f"{name}-{command}") for name in ("merge", "sqlite")}
        sources = {"merge": self.data / "master.utf8", "sqlite": self.work / "register.db"}
        contenders = [Contender(name, [self.peer(name), command, asked, sources[name], out[name]]) for name in out]
        self.results[job] = contest(contenders, self.runs)
        ours, theirs = (folder / f"{command}.txt" for folder in out.values())
        if not filecmp.cmp(ours, theirs, shallow=False):
            raise Failed(f"{job}: the merge program and SQLite differ")
        for folder in out.values():
            shutil.rmtree(folder)

    # single jobs

    def show(self):
        """One record by a new process."""
        with open(self.data / "master.utf8", "rb") as file:
            file.seek(421 * (self.n // 3))
            code = file.read(11).decode()
        contenders = [
            Contender("empty", [self.peer("empty")]),
            Contender("sekisho", self.sekisho(self.site, "master", "show", code)),
            Contender("sqlite", [self.peer("sqlite"), "show", self.work / "register.db", code]),
        ]
        if self.tools.duckdb:
            contenders.append(Contender("duckdb", [self.tools.duckdb, OTHER / "duck.py", "show", self.work, code]))
        self.results["show"] = contest(contenders, max(self.runs * 3, 9), warm=3)

    def seal(self):
        """An export file is sealed, and opened by its receiver; beside it the copy of the same bytes."""
        site, file = self.work / "run-seal", self.data / "master.utf8"
        folder = self.empty("sealed")
        town = sorted(path.name for path in self.keys.iterdir() if path.name.isdigit())[0]
        package, opened, copied = folder / "export.seki", folder / "export", folder / "copied"

        def fresh():
            sites.copy(self.site, site)
            for path in (package, opened, Path(f"{package}.tlog-proof")):
                path.unlink(missing_ok=True)

        copy = ["sh", "-c", 'cp "$0" "$1" && sync "$1"', file, copied]
        seal = self.sekisho(site, "seal", file, "--to", town, "--out", package, day=NOTICE_DAY)
        contenders = [
            Contender("seal", seal, fresh),
            Contender("cp && sync", copy, lambda: copied.unlink(missing_ok=True)),
            Contender(
                "open",
                self.sekisho(site, "open", package, "--keys", self.keys / town, "--out", opened),
                lambda: opened.unlink(missing_ok=True),
            ),
        ]
        self.results["seal"] = contest(contenders, self.runs)
        with open(file, "rb") as one, open(opened, "rb") as other:
            while part := one.read(1 << 20):
                if other.read(1 << 20) != part:
                    raise Failed("what was opened is not what was sealed")
        self.results["seal"]["bytes"] = file.stat().st_size
        shutil.rmtree(folder)
        shutil.rmtree(site)

    def verify(self):
        """Everything that the site keeps is read, decrypted and hashed."""
        verify = Contender("sekisho", self.sekisho(self.site, "gen", "verify", "--full"))
        self.results["verify"] = contest([verify], self.runs)
        files = sites.files(self.site)
        self.results["verify"]["bytes"] = sum(below(files, part) for part in PARTS)

    def check(self):
        """The sender's test of its files: all of the load, with the hash and without one."""
        paths = sorted((self.data / "load").glob("UPD-*.dat"))
        folder = self.empty("unhashed")
        bare = [without_hash(path, folder / path.name) for path in paths]
        dated = ["--business-date", sites.dashed(LOAD_DAY)]
        contenders = [
            Contender("hashed", [self.tools.sekisho, "check", *paths, *dated]),
            Contender("unhashed", [self.tools.sekisho, "check", "--hash-optional", *bare, *dated]),
            Contender("one thread", [self.tools.sekisho, "check", "--threads", "1", *paths, *dated]),
        ]
        self.results["check"] = contest(contenders, self.runs)
        self.results["check"]["records"] = self.n
        shutil.rmtree(folder)

    def generations(self):
        """A year of nights, and the room that its generations take."""
        told = generations.year(self)
        self.say(f"generations: {told['text']}")
        kept = Path(__file__).resolve().parents[2] / "target" / "bench" / "generations.json"
        kept.write_text(json.dumps(told, ensure_ascii=False) + "\n")

    # ten times as many

    def ten(self, large):
        """The nightly run on `large`, a measurement with ten times the residents, by turns with this one."""
        contenders = []
        for name, bench in (("n", self), ("ten", large)):
            site = bench.work / "run-ten"

            def prepare(bench=bench, site=site):
                sites.copy(bench.site, site)
                sites.deliver(self.data if bench is self else large.data, "nightly", site)

            contenders.append(Contender(name, bench.sekisho(site, "run", day=NOTICE_DAY), prepare, codes=sites.DONE))
        self.results["ten"] = contest(contenders, self.runs)
        for bench in (self, large):
            shutil.rmtree(bench.work / "run-ten")

    def show_alone(self):
        """One record of a resident of the nightly notices, and an empty process."""
        path = next(iter(sorted((self.data / "nightly").glob("UPD-*.dat"))))
        with open(path, "rb") as file:
            codes = [record[1:12] for record in iter(lambda: file.read(1400), b"") if record[:1] == b"2" and record[840:842] == b"31"]
        if not codes:
            return
        contenders = [
            Contender("empty", [self.peer("empty")]),
            Contender("sekisho", self.sekisho(self.site, "master", "show", codes[0].decode()), codes=(0, 4)),
        ]
        self.results["show"] = contest(contenders, max(self.runs * 3, 9), warm=3)

    def grow(self):
        """The jobs of sekisho alone on this large register, each once, for their peak memory."""
        self.make_data(alone=True)
        shutil.rmtree(self.site, ignore_errors=True)
        sites.make(self.tools.sekisho, self.data, self.site, self.keys, LOAD_DAY)
        for path in sorted((self.data / "load").glob("UPD-*.dat")):
            folder = self.site / "in" / path.name.split("-")[1]
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(folder / path.name)
        (self.work / "data-made").unlink()
        one = Contender("sekisho", self.sekisho(self.site, "run", day=LOAD_DAY), codes=sites.DONE)
        self.results["load"] = contest([one], 1, warm=0)
        site = self.work / "run-mass"
        sites.copy(self.site, site)
        sites.deliver(self.data, "mass", site)
        one = Contender("sekisho", self.sekisho(site, "run", day=NOTICE_DAY), codes=sites.DONE)
        self.results["mass"] = contest([one], 1, warm=0)
        shutil.rmtree(site)
        one = Contender("sekisho", self.sekisho(self.site, "gen", "verify", "--full"))
        self.results["verify"] = contest([one], 1, warm=0)


# What a site keeps, and where the bytes of a run go.
PARTS = ("store", "ledger", "archive", "answers", "out", "spool", "registers")


def only(files, part):
    return {name: length for name, length in files.items() if name.startswith(f"{part}{os.sep}")}


def below(files, part):
    return sum(only(files, part).values())


def apart(work):
    """Does a piece of work in a process of its own and gives its result. What it holds in memory would else count as the
    least peak of every process that is measured afterwards."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            said = {"result": work()}
        except Failed as why:
            said = {"failed": str(why)}
        with os.fdopen(writer, "w") as file:
            json.dump(said, file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    os.waitpid(child, 0)
    said = json.loads(text) if text else {"failed": "the comparison ended by itself"}
    if "failed" in said:
        raise Failed(said["failed"])
    return said["result"]


def without_hash(path, target):
    """A copy of an update file whose trailer has no hash: 64 blanks from byte 9 of the last record but one."""
    shutil.copyfile(path, target)
    with open(target, "r+b") as file:
        file.seek(-2 * 1400 + 9, os.SEEK_END)
        file.write(b" " * 64)
    return target
