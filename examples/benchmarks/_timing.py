"""CPU times, measured alternately and compared within one run.

A measurement is the CPU time of this process (time.process_time): on a busy machine the time on
the wall says how busy it is. CPU times still vary, because processes share caches; so all
candidates are called in each of nine rounds, and a ratio is the median of the nine ratios.
"""

import statistics
import sys
import time

import numpy as np

from examples.tools import results

N_ROUNDS = 9
N_FIT = 3  # largest sizes, to which an exponent is fitted: overhead matters least


def rounds(candidates, units=1, n_rounds=N_ROUNDS):
    """Seconds of CPU time per unit of work, in each round.

    Parameters
    ----------
    candidates : {name: function of no argument}
    units : of work in one call (steps, updates), or {name: units}
    n_rounds : how often all candidates are called, one after the other

    Returns
    -------
    {name: [seconds per unit]}, after one call of each that is not measured (compilation)
    """
    if not isinstance(units, dict):
        units = dict.fromkeys(candidates, units)
    for function in candidates.values():
        function()
    seconds = {name: [] for name in candidates}
    for _ in range(n_rounds):
        for name, function in candidates.items():
            start = time.process_time()
            function()
            seconds[name].append((time.process_time() - start) / units[name])
    return seconds


def rows(seconds, reference):
    """[{"name", "microseconds", "ratio"}], the medians over the rounds.

    Parameters
    ----------
    seconds : from `rounds`
    reference : the name by whose time the others are divided, round by round
    """
    return [
        {
            "name": name,
            "microseconds": 1e6 * statistics.median(values),
            "ratio": statistics.median(np.divide(values, seconds[reference])),
        }
        for name, values in seconds.items()
    ]


def report(title, table, unit, reference):
    """Print rows as a table."""
    print(f"\n{title} (CPU time, one thread, median of {N_ROUNDS}, excluding compilation)\n")
    results.print_table(
        [
            ("", lambda row: row["name"]),
            (f"µs per {unit}", lambda row: f"{row['microseconds']:.2f}"),
            (f"times {reference}", lambda row: f"{row['ratio']:.2f}"),
        ],
        table,
    )


def exponent(sizes, seconds):
    """The p of cost = c size^p: the slope of a straight line through the last N_FIT logarithms."""
    sizes, seconds = np.log(sizes[-N_FIT:]), np.log(seconds[-N_FIT:])
    return float(np.polyfit(sizes, seconds, 1)[0])


def missing(package):
    """Say that another library is skipped."""
    print(f'{package}: not installed, skipped (pip install -e ".[benchmarks]")')


def write(out, name, content, seed):
    """Write DIR/benchmark_NAME.json: the rows, and the command that made them."""
    script = getattr(sys.modules["__main__"].__spec__, "name", f"examples.benchmarks.{name}")
    path = out / f"benchmark_{name}.json"
    results.write_json(path, content, seed, command=f"python -m {script}")
    print(f"\nwritten: {path}")
