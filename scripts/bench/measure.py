"""Runs one process to its end and says what it took: wall and processor time, peak memory, bytes written.

Whole processes only, from the call to the end, with start and exit. Processor time is user and system time of the process and
of the children that it waited for. Peak memory is the kernel's, of the largest of them; it cannot fall below that of this
program (some 15 MB). Bytes written are those that the process caused to be sent to the disk (`/proc/PID/io`, `write_bytes`),
without what was removed before it got there.
"""

import os
import subprocess
import time
from dataclasses import dataclass


class Failed(Exception):
    """A command ended otherwise than it should; the text says which."""


@dataclass
class Figure:
    """What one process took: seconds, seconds, bytes, bytes or None where the kernel does not tell."""

    wall: float
    cpu: float
    peak: int
    written: int | None


def run(argv, codes=(0,), env=None):
    """Runs a command whose exit code must be one of `codes`; gives its figure and its standard output."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(env or {})},
    )
    said = process.stdout.read()
    # Left as a zombie until the counters are read.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    wall = time.monotonic() - begun
    written = written_by(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode not in codes:
        words = " ".join(str(word) for word in argv)
        raise Failed(f"exit code {process.returncode}: {words}\n{said.decode(errors='replace')[-2000:]}")
    return Figure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, written), said


def written_by(pid):
    """Bytes that a process caused to be written, or None."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as file:
            counters = dict(line.split(": ") for line in file.read().splitlines())
        return int(counters["write_bytes"]) - int(counters["cancelled_write_bytes"])
    except (OSError, KeyError, ValueError):
        return None
