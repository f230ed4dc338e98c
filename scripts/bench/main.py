"""Measures sekisho and its peers; called by scripts/bench.sh, which says how."""

import argparse
import datetime
import json
import os
import shutil
import sys
from pathlib import Path

import report
from jobs import Bench
from measure import Failed
from tools import ROOT, Tools, machine

JOBS = ("load", "nightly", "mass", "show", "seal", "verify", "check", "generations", "reconcile", "match")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench.sh", description="Measures sekisho and its peers.")
    parser.add_argument("residents", nargs="?", type=int, default=1_000_000, help="residents (default 1,000,000; at least 1,000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each, of which the median counts (5)")
    parser.add_argument("--jobs", default=",".join(JOBS), help=f"only these ({','.join(JOBS)})")
    parser.add_argument("--ten", action="store_true", help="also with ten times the residents; needs 40 GB at N = 1,000,000")
    parser.add_argument("--work", type=Path, help="folder for data and sites (target/bench/N)")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md also where N is less than 1,000,000")
    parser.add_argument("--no-docs", action="store_true", help="do not write docs/performance.md")
    parser.add_argument("--remove", action="store_true", help="remove data and sites at the end")
    return parser.parse_args()


def measure(bench, wanted):
    bench.make_data()
    if "load" in wanted or not bench.site.exists():
        bench.say("initial load")
        bench.load()
    for job in wanted:
        if job != "load":
            bench.say(job)
            bench.update(job) if job in ("nightly", "mass") else getattr(bench, job)()


def ten_times(bench, wish, tools):
    """The large register: loaded once, its jobs once each, the nightly run by turns with the small one."""
    large = Bench(wish.residents * 10, wish.work.parent / str(wish.residents * 10), wish.runs, tools)
    try:
        bench.say(f"{large.n} residents: load, mass, verify")
        large.grow()
        bench.say("nightly at N and 10 N, by turns")
        bench.ten(large)
        large.show_alone()
        for job, figures in large.results.items():
            bench.results[f"{job}_ten"] = figures
    finally:
        shutil.rmtree(large.work, ignore_errors=True)


def main():
    wish = arguments()
    wanted = [job for job in JOBS if job in wish.jobs.split(",")]
    if wish.residents < 1000 or wish.runs < 1 or len(wanted) != len(wish.jobs.split(",")):
        sys.exit("bench: see --help")
    wish.work = (wish.work or ROOT / "target" / "bench" / str(wish.residents)).absolute()
    wish.work.mkdir(parents=True, exist_ok=True)
    tools = Tools()
    bench = Bench(wish.residents, wish.work, wish.runs, tools)
    kept = wish.work / "results.json"
    if kept.exists():
        bench.results = json.loads(kept.read_text())["results"]
    try:
        measure(bench, wanted)
        if wish.ten:
            ten_times(bench, wish, tools)
    except Failed as why:
        sys.exit(f"bench: FAILED: {why}")
    state = {
        "n": wish.residents,
        "runs": wish.runs,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": machine(wish.work),
        "versions": tools.versions(),
        "missing": tools.missing,
        "results": bench.results,
    }
    kept.write_text(json.dumps(state, indent=1, ensure_ascii=False) + "\n")
    extra = {path.stem: json.loads(path.read_text()) for path in (ROOT / "target" / "bench").glob("*.json")}
    part = report.write(json.loads(kept.read_text()), extra)
    print(part)
    if not wish.no_docs and (wish.docs or wish.residents >= 1_000_000):
        report.put(ROOT / "docs" / "performance.md", part)
    if wish.remove:
        shutil.rmtree(wish.work)


main()
