"""Medians, and ratios within one run: the only figures that a noisy machine gives."""
import statistics
import time

from examples import _run


def medians(candidates, repeats=5):
    """Seconds of each candidate, {name: function()}: one call to warm up (and compile), then the median of `repeats`.

    The candidates take turns, so that a slow moment of the machine falls on all of them alike.
    """
    for function in candidates.values():
        function()
    seconds = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, function in candidates.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def report(title, seconds, units, unit, reference, note=""):
    """A table of microseconds a unit of work, and how many times the reference's time each takes"""
    print(f"{title}  (median of 5, one thread, compilation apart){note}")
    _run.print_table([
        ("", lambda name: name),
        (f"µs a {unit}", lambda name: f"{1e6 * seconds[name] / units:.2f}"),
        (f"times {reference}", lambda name: f"{seconds[name] / seconds[reference]:.2f}"),
    ], list(seconds))
    print()
