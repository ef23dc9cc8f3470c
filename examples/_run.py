"""What every script shares about a run: its arguments, its folder, its line of progress, its table, its JSON."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import metadata
from pathlib import Path

import numpy as np


WEIGHTS = Path(__file__).parent / "weights"         # of the long trainings, kept in the repository


SIZES = {"quick": "a short run: to see that everything works, not what it can do",
         "full": "the long run, over several seeds where that is feasible",
         "use-saved": "train nothing: what is kept in examples/weights"}


def parser(name, description, sizes=("quick", "full")):
    """The arguments that all scripts have, --seed and --out; and those of SIZES that this one has a use for"""
    p = argparse.ArgumentParser(prog=f"python -m examples.{name}", description=description,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=seed, default=0, metavar="N", help="of the one random generator (default: 0)")
    one = p.add_mutually_exclusive_group()
    for size in sizes:
        one.add_argument(f"--{size}", action="store_true", help=SIZES[size])
    p.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="where to write (default: results)")
    return p


def parse(parser, argv):
    """The arguments of this run; in a notebook, whose kernel has arguments of its own, the defaults"""
    return parser.parse_args([] if argv is None and "ipykernel" in sys.modules else argv)


def seed(text):
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"wanted an integer of at least 0, got {text!r}")
    return value


def prepare_folder(path):
    """Make the folder, and make sure that it can be written to: said before anything is trained."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        sys.exit(f"--out: wanted a folder that can be written, got {path} ({error.strerror})")


def write_whole(path, write):
    """Call write(temporary path), then put the file in its place: the old one or the new one, never half of one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    os.close(handle)
    try:
        write(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def keep(path, row):
    """Write down what came of one long run, for `kept`"""
    write_whole(path, lambda temporary: Path(temporary).write_text(json.dumps(row)))


def kept(path, asked):
    """What `keep` wrote there, if it has all that is asked ({"settings": ..., ...}) in it; otherwise None"""
    try:
        row = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return row if row.items() >= asked.items() else None


def in_parallel(label, function, jobs, n_workers, say):
    """function(*job) for all jobs, n_workers at a time: the results, in the order in which they were ready

    say : result -> what the line of progress says of it. Ctrl+C leaves the results that there are.
    """
    progress = Progress(label, len(jobs))
    results = []
    with ProcessPoolExecutor(n_workers) as pool:
        futures = [pool.submit(function, *job) for job in jobs]
        try:
            for future in as_completed(futures):
                results.append(future.result())
                progress(len(results), say(results[-1]))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            progress.stop()
            print("stopped; what is done is kept, and the next call goes on from there")
    return results


def learn(model, storage, name, params, batches, rng, path, watch=lambda params, log: None, every=500, **settings):
    """model.train(params, batches, rng, **settings), with a checkpoint at `path` every `every` updates: an interrupted call
    that is made again goes on from there. Ctrl+C is raised, for half a training makes no row.

    storage : the package's, with save_checkpoint and load_checkpoint;  name : of the model, in the checkpoint
    watch : called as watch(params, log) after each checkpoint
    """
    state = None
    if path.exists():
        params, state = storage.load_checkpoint(path, name)
        if state.n_updates == settings["n_updates"]:            # it was interrupted after the last update
            return params

    def keep(params, log):
        storage.save_checkpoint(path, params, log.state, name)
        watch(params, log)

    params, log = model.train(params, batches, rng, **settings, state=state, callback=keep, every=every)
    if log.interrupted:
        if log.state is not None:
            storage.save_checkpoint(path, params, log.state, name)
        raise KeyboardInterrupt
    return params


def trained(model, weights, asked, train, watch, past, **about):
    """params and meta of a long training: of one that is done (in the file `weights`), or is made, or gone on with, now

    asked : {"settings": ..., ...}, what must be the same for a training to be the same; kept with the weights
    train : (path of the checkpoint, callback) -> params;  see `learn`
    watch : called as watch(params, log, past) at each checkpoint
    past : {"seconds": ..., ...}, what is known at the start and kept on the way; watch may add to what is in it
    about : what else is worth keeping with the weights
    """
    asked = json.loads(json.dumps(asked))                       # tuples become lists, as in the files
    if weights.exists():
        params, meta = model.load(weights)
        if meta.items() >= asked.items():
            return params, meta
    checkpoint, so_far = (weights.with_suffix(suffix) for suffix in (".checkpoint.npz", ".so_far.json"))
    earlier = kept(so_far, asked)
    if earlier is None:                                    # no checkpoint, or one of other settings
        checkpoint.unlink(missing_ok=True)
    else:
        past = {name: earlier[name] for name in past}
    begun = time.monotonic() - past["seconds"]

    def callback(params, log):
        watch(params, log, past)
        past["seconds"] = time.monotonic() - begun
        keep(so_far, asked | past)

    params = train(checkpoint, callback)
    past["seconds"] = time.monotonic() - begun
    model.save(weights, params.map(halved), **asked, **past, **about, version=version(), command=command())
    for path in (checkpoint, so_far):
        path.unlink(missing_ok=True)
    return model.load(weights)                                  # what is used is what is kept


def halved(leaf):
    """Weights as they are kept in files: float16 is precise enough for them, and takes half the room"""
    return leaf.astype(np.float16)


def write_json(path, rows, seed, **more):
    """DIR/NAME.json: the command, the version, the seed, and the table's rows"""
    content = {"command": command(), "version": version(), "seed": seed, **more, "rows": rows}
    write_whole(path, lambda temporary: Path(temporary).write_text(json.dumps(content, indent=1) + "\n"))


def command():
    """The line that was typed, but for --out, which says where and not what"""
    arguments = list(sys.argv[1:])
    if "--out" in arguments:
        where = arguments.index("--out")
        del arguments[where:where + 2]
    return " ".join(["python -m examples." + Path(sys.argv[0]).stem, *arguments])


def version():
    """The project's version, and the commit where there is one."""
    try:
        number = metadata.version("temporally-local-rules")
    except metadata.PackageNotFoundError:
        number = "not installed"
    try:
        commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, text=True,
                                capture_output=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return number
    return f"{number} ({commit})"


class Progress:
    """One line that is rewritten in place on a terminal; in a log file, a line every ten seconds."""

    def __init__(self, label, total):
        self.label, self.total = label, total
        self.start = self.said = time.monotonic()
        self.live = sys.stdout.isatty()

    def __call__(self, done, text="", before=0):
        """before : what had been done when this run began, in an earlier one"""
        now = time.monotonic()
        finished = done >= self.total
        if self.live or finished or now - self.said >= 10:
            elapsed = now - self.start
            left = f"{elapsed:.0f} s" if finished else f"{elapsed * (self.total - done) / max(done - before, 1):.0f} s left"
            line = f"{self.label}  {done:>7} of {self.total}  {text}  {left}"
            if self.live:
                print(f"\r{line}\033[K", end="\n" if finished else "", flush=True)
            else:
                print(line, flush=True)
            self.said = now

    def stop(self):
        """Leave the line as it stands: the run was interrupted."""
        if self.live:
            print()


def mean_and_spread(values):
    """Mean, and sample standard deviation where there is more than one value"""
    values = np.asarray(values, dtype=float)
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None


def with_spread(mean, spread, scale, digits=2):
    """3.12 ± 0.05, in units of 1 / scale"""
    return f"{scale * mean:.{digits}f}" + (f" ± {scale * spread:.{digits}f}" if spread is not None else "")


def print_table(columns, rows):
    """columns: [(heading, function of a row -> text)]. The first is set flush left, the others flush right."""
    cells = [[heading for heading, _ in columns]] + [[text(row) for _, text in columns] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for number, row in enumerate(cells):
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))))
        if number == 0:
            print("  ".join("-" * width for width in widths))
