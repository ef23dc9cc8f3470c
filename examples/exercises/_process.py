"""Run answers under a time limit: in this process, or in one of their own.

The parent starts `python -m examples.exercises._process RESULTS JOBS`. The child writes a line of
JSON to RESULTS before each check (null), and one after it (the result). If the child does not go on
in time, or ends too early, the parent notes that, and starts another one for the rest.

Limits are in CPU time: on a busy machine an answer takes long without being endless. An answer that
waits (for input, for a lock) takes none, so it has a limit on the wall too, PATIENCE times as long.
"""

import _thread
import builtins
import importlib
import importlib.util
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
from contextlib import contextmanager, suppress
from pathlib import Path

from examples.exercises._answers import Incorrect

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
LIMIT = 60  # seconds of CPU time per exercise: the solutions need a few
SECONDS = {"ex08_cd_k": 120, "ex13_learn_step": 300}  # these learn, or sample for long
PATIENCE = 10  # times as many seconds on the wall
START = 180  # seconds on the wall that a process may take to import what a check needs
GRACE = 10  # seconds until a process that does not react is ended
MEMORY = 4 * 2**30  # bytes that a process may reserve, where the system can limit them


@contextmanager
def limit(seconds):
    """Raise KeyboardInterrupt in the main thread after so many seconds of CPU time.

    Or after PATIENCE times as many on the wall. Yields a list, which then holds the reason. Works
    wherever Python code runs, in notebooks too; a single long call of compiled code ends first.
    Does nothing in other threads.
    """
    passed, lock, over = [], threading.Lock(), threading.Event()
    cpu, wall = time.process_time(), time.monotonic()

    def watch():
        while not over.wait(min(0.1, seconds / 10)):
            if time.process_time() - cpu > seconds:
                reason = endless(seconds)
            elif time.monotonic() - wall > PATIENCE * seconds:
                reason = waits(seconds)
            else:
                continue
            with lock:
                if not over.is_set():
                    passed.append(reason)
                    interrupt()
                return

    in_main, handler = threading.current_thread() is threading.main_thread(), None
    if in_main:
        # shells let background jobs ignore SIGINT, and interrupt_main stands for it
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield passed
    finally:
        with lock:
            over.set()
        if in_main:
            signal.signal(signal.SIGINT, handler)


def endless(seconds):
    return f"no result after {seconds:g} s of CPU time: an endless loop?"


def waits(seconds):
    return f"no result after {PATIENCE * seconds:g} s: does it wait for something?"


def interrupt():
    """Ctrl+C in the main thread, even where it sleeps"""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


@contextmanager
def no_input():
    """In a check, input() raises an error that says so."""

    def input(prompt=""):
        raise EOFError("input() gets no answer in a check")

    builtins.input, usual = input, builtins.input
    try:
        yield
    finally:
        builtins.input = usual


def place(error, answer):
    """The student's own line of an error: "file, line n", or "" if there is none.

    Frames of the checker are passed over, and so are those of NumPy and other libraries, as long as
    a line of the file that holds `answer` is below them.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    frames = traceback.extract_tb(error.__traceback__)
    frames = [f for f in frames if not _is_checker(f.filename)]
    own = [f for f in frames if f.filename == file] or [f for f in frames if _is_own(f.filename)]
    if not own:
        return ""
    name = Path(own[-1].filename).name
    in_cell = "ipykernel" in own[-1].filename or name.startswith("<ipython-input")
    return f"{'your cell' if in_cell else name}, line {own[-1].lineno}"


def _is_checker(filename):
    path = Path(filename)
    own = path.parent == FOLDER and path.name.startswith("ex")
    return path.is_relative_to(FOLDER) and not own and path.parent.name != "solutions"


def _is_own(filename):
    """Neither a library nor the interpreter: a file that a student may have written"""
    return (
        not filename.startswith("<frozen")
        and "site-packages" not in filename
        and not (filename.startswith(os.path.dirname(os.__file__)))
    )


def verdict(name, answer=None, load=None, seconds=None):
    """Check an answer in this process.

    Parameters
    ----------
    name : of the exercise, "ex05_hidden_mean" for instance
    answer : function to check; None for that of the exercise's own file
    load : function that returns the answer, in the place of `answer`
    seconds : time limit; None for that of the exercise

    Returns
    -------
    (is it correct, message)
    """
    passed, seconds = [], seconds or limit_of(name)
    try:
        with limit(seconds) as passed, no_input():
            checks = importlib.import_module(f"examples.exercises.checks.{name}")
            answer = load() if load else answer or own(name)
            checks.check(answer)
    except NotImplementedError:
        return False, "not done yet"
    except Incorrect as incorrect:
        return False, f"incorrect: {incorrect}"
    except KeyboardInterrupt as error:
        if not passed:  # Ctrl+C
            raise
        where = place(error, answer)
        return False, f"{passed[0]}{where and f' ({where})'}"
    except SyntaxError as error:
        where = place(error, answer)
        return False, f"not valid Python: {error.msg}{where and f' ({where})'}"
    except (Exception, SystemExit) as error:  # in the answer itself: say where, and continue
        where = place(error, answer)
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return False, f"stopped by {said}{where and f' ({where})'}"
    return True, "correct"


def limit_of(name):
    """Seconds that an answer to this exercise may take."""
    return SECONDS.get(name, LIMIT)


def own(name):
    """The function in the exercise's own file."""
    return getattr(importlib.import_module(f"examples.exercises.{name}"), name[5:])


def solution(name):
    """The solution's function. FileNotFoundError in a hand-out, which has none."""
    if not (FOLDER / "solutions" / f"{name}.py").exists():
        raise FileNotFoundError("there are no solutions here: this is the hand-out")
    return getattr(importlib.import_module(f"examples.exercises.solutions.{name}"), name[5:])


def from_file(path, name):
    """The function of an exercise in a file of another folder, or in a notebook.

    Of a notebook, the cells of code run one after the other, without those that the exercise gives
    and without the lines that only IPython understands.
    """
    path = Path(path)
    module = types.ModuleType(f"submission_{name}")
    sys.modules[module.__name__] = module  # dataclasses and pickles look there
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    if path.suffix == ".py":
        module.__file__ = str(path)
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    else:
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
        for number, cell in enumerate(notebook["cells"], 1):
            given = "given" in cell.get("metadata", {}).get("tags", ())
            if cell["cell_type"] != "code" or given:
                continue
            lines = "".join(cell["source"]).split("\n")
            text = "\n".join("" if line.lstrip()[:1] in ("%", "!") else line for line in lines)
            exec(compile(text, f"cell {number} of {path.name}", "exec"), module.__dict__)
    if not callable(getattr(module, name[5:], None)):
        raise Incorrect(f"{path.name}: expected a function {name[5:]}, found none")
    return getattr(module, name[5:])


def judged(jobs, seconds=None, cwd=None, quiet=False):
    """Check answers in a process of their own, one after the other.

    Parameters
    ----------
    jobs : [(name, source)], source: None for the exercise's own file, "solution", or a path
    seconds : time limit of each; None for those of the exercises
    cwd : folder to work in
    quiet : whether what the answers print is dropped

    Yields
    ------
    (name, correct, message, seconds) of each job, in their order
    """
    jobs = list(jobs)
    while jobs:
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results"
            results.touch()
            child = _start(results, jobs, seconds, cwd, quiet)
            try:
                for result in _follow(child, results, jobs, seconds):
                    yield result
                    jobs.pop(0)
            finally:
                if child.poll() is None:
                    child.kill()
                child.wait()


def _start(results, jobs, seconds, cwd, quiet):
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "MPLBACKEND": "agg"}
    jobs = json.dumps([(name, source and str(source)) for name, source in jobs])
    output = subprocess.DEVNULL if quiet else None
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "examples.exercises._process",
            str(results),
            jobs,
            str(seconds or 0),
        ],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def _follow(child, results, jobs, seconds):
    """The results of a child, until it has no more, or is stuck; then one about that"""
    names, n_done, n_read = [name for name, _ in jobs], 0, 0
    since, most = time.monotonic(), START
    while n_done < len(names):
        ended = child.poll() is not None
        lines = [x for x in results.read_text().splitlines(keepends=True) if x.endswith("\n")]
        for line in lines[n_read:]:
            n_read, since, most = n_read + 1, time.monotonic(), START
            if json.loads(line) is None:  # the next check begins
                most = PATIENCE * (seconds or limit_of(names[n_done])) + GRACE
            else:
                n_done += 1
                yield tuple(json.loads(line))
        if n_done == len(names):
            return
        passed, message = time.monotonic() - since, None
        if ended and child.returncode == -getattr(signal, "SIGXCPU", math.inf):
            message = endless(seconds or limit_of(names[n_done]))
        elif ended:
            message = f"the process ended before the check did (exit code {child.returncode})"
        elif passed > most:
            message = waits(seconds or limit_of(names[n_done]))
        if message and n_read == len(results.read_text().splitlines()):
            yield names[n_done], False, message, passed
            return
        time.sleep(0.02)


def _write(results, line):
    with open(results, "a") as file:
        file.write(json.dumps(line) + "\n")


def _end_after(seconds):
    """Let the system end this process after so much more CPU time; None: never"""
    if resource:
        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        soft = most if seconds is None else math.ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, most))


def main(results, jobs, seconds):
    """In the child: check each job, and write down the result."""
    if resource:
        with suppress(ValueError, OSError):  # macOS refuses
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name, source in json.loads(jobs):
        load = None
        if source == "solution":
            load = lambda name=name: solution(name)
        elif source:
            load = lambda name=name, source=source: from_file(source, name)
        importlib.import_module(f"examples.exercises.checks.{name}")
        _write(results, None)
        begun = time.monotonic()
        _end_after((float(seconds) or limit_of(name)) + GRACE)
        correct, message = verdict(name, load=load, seconds=float(seconds) or None)
        _end_after(None)
        _write(results, [name, correct, message, time.monotonic() - begun])
    sys.stdout.flush()
    os._exit(0)  # threads and exit handlers of an answer do not delay the next


if __name__ == "__main__":
    main(*sys.argv[1:])
