"""The programs that take part: where they are, which versions, and which are missing."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def says(*argv):
    """First line that a program says about itself, or nothing."""
    try:
        said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = (said.stdout or said.stderr).strip().splitlines()
    return lines[0] if lines else ""


class Tools:
    """What was found. `missing` says in a word why somebody does not take part."""

    def __init__(self):
        self.sekisho = Path(os.environ.get("SEKISHO", ROOT / "target" / "release" / "sekisho")).absolute()
        self.peers = Path(os.environ.get("SEKISHO_PEERS", ROOT / "benches" / "peers" / "target" / "release")).absolute()
        self.missing = {"postgresql": "left out: some 15 times slower than the merge program"}
        self.duckdb = self.find_duckdb()
        self.cobol = self.peers / "cobol-apply"
        if not self.cobol.exists():
            self.cobol = None
            self.missing["cobol"] = "no cobc: scripts/bench-setup.sh"
        self.awk = shutil.which("awk")
        if not self.awk:
            self.missing["awk"] = "no awk"

    def find_duckdb(self):
        for python in (os.environ.get("SEKISHO_BENCH_PYTHON"), ROOT / "target" / "bench" / "venv" / "bin" / "python"):
            if python and says(python, "-c", "import duckdb, numpy, pyarrow; print(1)") == "1":
                return str(python)
        self.missing["duckdb"] = "no Python with duckdb, numpy, pyarrow: scripts/bench-setup.sh"
        return None

    def versions(self):
        commit = says("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
        changed = says("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no", "src", "Cargo.toml")
        return {
            "sekisho": f"{says(str(self.sekisho), '--version').removeprefix('sekisho ')}, commit {commit or 'unknown'}{' and changes' if changed else ''}",
            "merge program": says("rustc", "--version"),
            "SQLite": says(str(self.peers / "sqlite"), "version") + " (bundled, by rusqlite)",
            "DuckDB": self.duckdb and says(self.duckdb, "-c", "import duckdb; print(duckdb.__version__)"),
            "GnuCOBOL": self.cobol and says("cobc", "--version"),
            "sort + awk": self.awk and f"{says('sort', '--version')}, {Path(self.awk).resolve().name}",
        }


def machine(folder):
    """What the measurement ran on."""
    model, memory = "unknown", 0
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) * 1024
    disk = says("findmnt", "-no", "SOURCE,FSTYPE", "-T", str(folder))
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory": f"{memory / 2**30:.0f} GiB",
        "disk": " ".join(disk.split()) or "unknown",
        "kernel": platform.release().split("-")[0],
    }
