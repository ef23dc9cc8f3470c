"""Commands of the pages: the quick ones run as printed, of the others the arguments are understood.

And every script has a help text that fits a terminal.
"""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from examples import balls_table
from examples.tools import run
from tests.pages import ROOT, pages
from tests.processes import python

TRAINS = {"balls_table", "balls_generate", "digits_generate", "objects_generate"}
LONG = (
    "ppc_table ppc_order ppc_initial_state hybrid_weight linear_rvae local_vs_bptt memory figures"
)
LONG = set(LONG.split())  # whatever their size
FAST = {"notebooks", "schematic", "check", "handout"}
SCRIPTS = sorted(
    path
    for folder in ("examples", "examples/extensions")
    for path in (ROOT / folder).glob("[a-z]*.py")
    if path.stem != "examples"  # no command: it finds the package
)


def commands():
    """The lines "python -m MODULE ARGUMENTS" of all pages, in reading order"""
    found = []
    first = Path("README.md")
    for chapter in [first, *(chapter for chapter in pages() if chapter != first)]:
        text = (ROOT / chapter).read_text()
        blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, re.S | re.M))
        lines = [line.split("  #")[0].strip() for line in blocks.splitlines()]
        lines = re.findall(r"`([^`\n]+)`", text) + lines
        found += [line for line in lines if re.match(r"python -m (examples|datasets)\.", line)]
    # NAME, DIR and the like are for the reader to fill in, $... for the shell
    return [one for one in dict.fromkeys(found) if not re.search(r"\b[A-Z]{3,}\b|[$\\]", one)]


def is_long(command):
    """Whether it trains for minutes, measures time, or needs the network"""
    module, *arguments = command.split()[2:]
    name = module.rpartition(".")[2]
    trains = name in TRAINS and "--use-saved" not in arguments
    return (
        trains
        or "--full" in arguments
        or name in LONG
        or module.startswith(("examples.benchmarks", "datasets"))
    )


# of these only rows are kept, and they are MNIST's
NEEDS_MNIST = (
    "python -m examples.digits_generate --digits 2 --use-saved",
    "python -m examples.extensions.objects_generate --model attention --no-mask --use-saved",
    "python -m examples.extensions.objects_generate --model objects --use-saved",
)


def is_fast(command):
    return command.split()[2].rpartition(".")[2] in FAST


LONG_ONES = [command for command in commands() if is_long(command)]
QUICK_ONES = [
    command if is_fast(command) else pytest.param(command, marks=pytest.mark.slow)
    for command in commands()
    if not is_long(command)
]


def test_there_are_commands_of_both_kinds():
    assert len(QUICK_ONES) >= 6 and len(LONG_ONES) >= 8


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """An empty folder in which the commands run, one after the other, as a reader would"""
    folder = tmp_path_factory.mktemp("reader") / "clone"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("command", QUICK_ONES)
def test_a_quick_command_runs_as_printed(command, clone, monkeypatch):
    words = shlex.split(command)
    if words[2].endswith("receptive_fields") and not (clone / "results" / "refh.npz").exists():
        pytest.skip("needs the network that quickstart trains")
    monkeypatch.delenv("MNIST_DIR", raising=False)
    done = python(*words[1:], cwd=clone, PYTHONPATH=str(ROOT), MPLBACKEND="agg")
    if command in NEEDS_MNIST and "digits: synthetic" in done.stdout:
        assert done.returncode == 1 and "need MNIST" in done.stderr, done.stdout + done.stderr
        return
    # the exercises are the reader's to do
    to_do = "exercises.check" in command and "--solution" not in command
    assert done.returncode == (1 if to_do else 0), done.stdout + done.stderr
    assert not done.stderr, done.stderr
    assert "not done yet" in done.stdout if to_do else done.stdout


class Understood(Exception):
    """The arguments were parsed, and the work was about to begin."""


@pytest.mark.parametrize("command", LONG_ONES)
def test_the_arguments_of_a_long_command_are_understood(command, monkeypatch):
    def begin(path):
        raise Understood

    module, *arguments = shlex.split(command)[2:]
    if module.startswith("examples.") and "benchmarks" not in module:
        monkeypatch.setattr(run, "prepare_folder", begin)
        with pytest.raises(Understood):
            importlib.import_module(module).main(arguments)
    else:  # what they print is the machine's, or the network's
        assert importlib.util.find_spec(module)


def test_the_job_array_names_rows_of_the_table():
    page = (ROOT / "examples/reports/scaling.md").read_text()
    arrays = [
        shlex.split(re.search(rf"^{name}=\((.*)\)$", page, re.M)[1])
        for name in ("models", "settings")
    ]
    rows = {(row["model"], row["setting"]) for row in balls_table.ROWS}
    assert len(arrays[0]) == 4 and set(zip(*arrays, strict=True)) <= rows


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_help_fits_a_terminal(path, monkeypatch, capsys):
    if path.stem == "walkthrough":  # a script from top to bottom: its help is its parser's
        text = run.parser("walkthrough", Path(path).read_text().split('"""')[1]).format_help()
    else:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        with pytest.raises(SystemExit) as stop:
            importlib.import_module(name).main(["--help"])
        text = capsys.readouterr().out
        assert stop.value.code == 0 and f"python -m {name}" in text
    assert [line for line in text.splitlines() if len(line) > 80 and "://" not in line] == []
    assert "usage: python -m examples." in text


def test_no_script_takes_abbreviations():
    """--ou DIR would otherwise end up in the command that is written down."""
    assert not run.parser("name", "Text.").allow_abbrev
