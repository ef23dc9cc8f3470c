"""Every command in a README: the quick ones run as printed, of the others the arguments are understood."""
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from examples import _run
from tests.test_readme import CHAPTERS, ROOT

LONG = {"ppc_table", "ppc_order", "ppc_start", "ppc_dial", "linear_rvae", "local_vs_bptt"}      # whatever their size


def commands():
    """The lines "python -m MODULE ARGUMENTS" that a README prints, in the order in which a reader meets them"""
    found = []
    for chapter in [Path("README.md"), *(chapter for chapter in CHAPTERS if chapter != Path("README.md"))]:
        text = (ROOT / chapter).read_text()
        blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, re.S | re.M))
        lines = [line.split("  #")[0].strip() for line in blocks.splitlines()]
        found += [line for line in re.findall(r"`([^`\n]+)`", text) + lines if re.match(r"python -m (examples|datasets)\.", line)]
    return [command for command in dict.fromkeys(found) if "NAME" not in command]


def is_long(command):
    """Whether it trains for minutes, measures time, or asks the network"""
    module, *arguments = command.split()[2:]
    name = module.rpartition(".")[2]
    trains = name in ("balls_table", "balls_generate", "digits_generate") and "--use-saved" not in arguments
    return trains or "--full" in arguments or name in LONG or module.startswith(("examples.benchmarks", "datasets"))


LONG_ONES = [command for command in commands() if is_long(command)]
QUICK_ONES = [command for command in commands() if not is_long(command)]


def test_there_are_commands_of_both_kinds():
    assert len(QUICK_ONES) >= 9 and len(LONG_ONES) >= 10


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Where the commands are run, one after the other, as a reader would: an empty folder, that they see nothing else of"""
    folder = tmp_path_factory.mktemp("reader") / "clone"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("command", QUICK_ONES)
def test_a_quick_command_runs_as_printed(command, clone):
    words = shlex.split(command)
    environment = {name: value for name, value in os.environ.items() if name != "MNIST_DIR"}
    done = subprocess.run([sys.executable, *words[1:]], cwd=clone, capture_output=True, text=True,
                          env=environment | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"})
    not_done_yet = "exercises.check" in command and "--solution" not in command         # the exercises are the reader's to do
    assert done.returncode == (1 if not_done_yet else 0), done.stdout + done.stderr
    assert not done.stderr, done.stderr
    assert "not done yet" in done.stdout if not_done_yet else done.stdout


class Understood(Exception):
    """The arguments were parsed, and the work was about to begin."""


@pytest.mark.parametrize("command", LONG_ONES)
def test_the_arguments_of_a_long_command_are_understood(command, monkeypatch):
    def begin(path):
        raise Understood

    module, *arguments = command.split()[2:]
    if module.startswith("examples.") and "benchmarks" not in module:
        monkeypatch.setattr(_run, "prepare_folder", begin)
        with pytest.raises(Understood):
            importlib.import_module(module).main(arguments)
    else:                                                   # no arguments; what they print is the machine's, or the network's
        assert importlib.util.find_spec(module) and not arguments
