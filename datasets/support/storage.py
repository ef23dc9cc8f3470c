"""Weights and checkpoints of the models of a package, as .npz files (files.py).

A package makes one Storage of three functions, and hands out its methods:

    describe     params, not checked yet -> a dict that JSON can hold: what rebuild needs to know of
                 them; TypeError or ValueError that names params if they are not whole. float16,
                 which saves space, is accepted (files.widened)
    rebuild      ({name: array}, header) -> checked Params; TypeError or ValueError for arrays or a
                 header that do not fit. What was float16 comes as float32
    check_state  (name, state, {"params": params}) -> state: a kind, as in boundary.py

The arrays of a file are the leaves of Params by their names. A checkpoint has Adam's moments too,
with the prefixes "m." and "v.", and the rest of the state: "state.u", "state.y", "state.y_input".
The header has the name of the model ("model"), what describe says, and "meta" or "about".
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from datasets.support import checks, files
from datasets.support.boundary import checked, instance
from datasets.support.boundary import path as is_path
from datasets.support.files import widened
from datasets.support.loop import State

MOMENTS = ("m.", "v.")


@dataclass
class Storage:
    """The functions of one package that write and read weights and checkpoints."""

    describe: Callable
    rebuild: Callable
    check_state: Callable

    def of(self, module):
        """The functions save(path, params, /, **meta) and load(path) of a model.

        module : __name__ of the model's module; its last part is the name of the model
        """
        model = module.rpartition(".")[2]

        def save(path, params, /, **meta):
            """Write the weights (.npz), with whatever JSON can hold in meta."""
            self.save(path, params, model, **meta)

        def load(path):
            """Read what `save` wrote: params, meta."""
            return self.load(path, model)

        for function in (save, load):
            function.__module__, function.__qualname__ = module, function.__name__
        return save, load

    @checked(path=is_path, model=instance(str))
    def save(self, path, params, model, /, **meta):
        """Write the weights of a model.

        Parameters
        ----------
        path : str or os.PathLike
        params : Params; float16 leaves, which save space, are accepted too
        model : its name
        meta : whatever JSON can hold (seed, command, version, ...)
        """
        header = self.describe(params)  # or an error
        files.write(path, params.leaves(), model=model, **header, meta=meta)

    @checked(path=is_path, model=instance(str))
    def load(self, path, model):
        """Params and meta, as `save` wrote them for this model.

        Raises ValueError, with the path, for a file that is truncated, no .npz of ours, or of
        another model; FileNotFoundError and PermissionError where the system does.
        """
        arrays, header = _read(path, model)
        with _naming(path):
            meta = checks.instance("meta", header.get("meta"), dict)
            return self._rebuilt(arrays, header), meta

    @checked(path=is_path, model=instance(str))
    def save_checkpoint(self, path, params, state, model, /, **about):
        """Write params and the State of a run (log.state) for load_checkpoint; otherwise as save.

        about : whatever JSON can hold (learning curve, elapsed time, ...)
        """
        header = self.describe(params)
        self.check_state("state", state, {"params": params})
        arrays = {"state.u": state.u, "state.y": state.y}
        arrays |= {} if state.y_input is None else {"state.y_input": state.y_input}
        for prefix, tree in zip(("", *MOMENTS), (params, state.m, state.v), strict=True):
            arrays |= {prefix + name: leaf for name, leaf in tree.leaves().items()}
        # arrays become lists
        rng = json.loads(json.dumps(state.rng, default=lambda array: array.tolist()))
        run = {"n_updates": state.n_updates, "rng": rng}
        files.write(path, arrays, model=model, **header, state=run, about=about)

    @checked(path=is_path, model=instance(str))
    def load_checkpoint(self, path, model):
        """Params, State, about, as save_checkpoint wrote them; `train` resumes from the first two.

        Raises the errors of `load`.
        """
        arrays, header = _read(path, model)
        with _naming(path):
            try:
                u, y = arrays.pop("state.u"), arrays.pop("state.y")
                n_updates, rng = (header["state"][name] for name in ("n_updates", "rng"))
                about = header["about"]
            except KeyError as error:
                raise ValueError(
                    f"expected the checkpoint of a run, got a file without {error.args[0]}"
                ) from None
            y_input = arrays.pop("state.y_input", None)
            trees = [_part(arrays, prefix) for prefix in ("", *MOMENTS)]
            params, m, v = (self._rebuilt(tree, header) for tree in trees)
            rng = checks.generator_state("rng", rng)
            state = State(m, v, n_updates, u, y, rng, y_input)
            self.check_state("state", state, {"params": params})
            return params, state, checks.instance("about", about, dict)

    def _rebuilt(self, arrays, header):
        return self.rebuild({name: widened(leaf) for name, leaf in arrays.items()}, header)


@contextlib.contextmanager
def _naming(path):
    """The errors of what stands in a file name its path"""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None


def _read(path, model):
    """arrays, header of a file of this model"""
    arrays, header = files.read(path)
    if header.get("model") != model:
        raise ValueError(
            f"{path}: expected the weights of model {model!r}, got those of "
            f"{header.get('model')!r:.60}"
        )
    return arrays, header


def _part(arrays, prefix):
    """The arrays with this prefix in their names, without it"""
    return {
        name.removeprefix(prefix): leaf
        for name, leaf in arrays.items()
        if name.startswith(MOMENTS) == bool(prefix) and name.startswith(prefix)
    }
