"""Contenders for one job, run by turns: A B A B, so that whatever else the machine does meets all of them."""

import os
import statistics
from dataclasses import dataclass, field
from typing import Callable

from measure import run


@dataclass
class Contender:
    """One way to do a job. `prepare` is done before each run and not timed, `after` gets the figure and the output."""

    name: str
    argv: list
    prepare: Callable[[], None] = lambda: None
    after: Callable[[bytes], dict] = lambda said: {}
    codes: tuple = (0,)
    env: dict = field(default_factory=dict)


def contest(contenders, runs, warm=1):
    """Medians of `runs` runs of each, after `warm` runs that do not count. All dirty pages are on the disk before each run."""
    figures = {one.name: [] for one in contenders}
    facts = {}
    for turn in range(warm + runs):
        for one in contenders:
            one.prepare()
            os.sync()
            figure, said = run(one.argv, one.codes, one.env)
            facts[one.name] = one.after(said)
            if turn >= warm:
                figures[one.name].append(figure)
    return {name: summary(list_) | facts[name] for name, list_ in figures.items()}


def summary(figures):
    """Medians of wall and processor time and of the bytes written, the largest peak, and every wall time."""
    written = [one.written for one in figures if one.written is not None]
    return {
        "wall": statistics.median(one.wall for one in figures),
        "cpu": statistics.median(one.cpu for one in figures),
        "peak": max(one.peak for one in figures),
        "written": statistics.median(written) if written else None,
        "walls": [round(one.wall, 4) for one in figures],
    }
