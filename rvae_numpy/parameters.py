"""What the autoencoders have for settings and for weights, and their initialisation.

`Config` is not learnt, `Params` is. The same dataclass holds gradients and Adam's moments. The
equations are those of autoencoder.py.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from datasets.support import checks
from rvae_numpy import mlp
from rvae_numpy.mlp import Layer

FAMILIES = ("normal", "poisson")
MIN_SIGMA, MAX_SIGMA = 1e-4, 1e6  # 1 / sigma^2 must leave room in float32
MAX_LAYERS = 100
MAX_WEIGHTS = 2**28  # in all: what fits into a file


@dataclass(frozen=True)
class Config:
    """What is not learnt. The sigmas are standard deviations."""

    family: str = "poisson"  # of the observations: poisson or normal
    activation: str = "tanh"  # of the MLPs: tanh, relu or softplus
    sigma_u: float = 0.07  # of p(u | x); x has unit variance under its prior
    sigma_y: float = 1.0  # of p(y | x), normal family
    noise_u: float = 0.0  # added to the recognition model's u in training
    sigmoid_mean: bool = False  # mu_y in [0, 1] by a logistic function, normal family
    learn_u: bool = True  # is u_{t-1} modelled with y_t? the rVAE's one difference
    prior_given_u: bool = False  # is the prior of x_t a function of u_{t-1}, not N(0, I)?

    def __post_init__(self):
        checks.one_of("family", self.family, FAMILIES)
        mlp.get_activation(self.activation)
        checks.number("sigma_u", self.sigma_u, MIN_SIGMA, MAX_SIGMA)
        checks.number("sigma_y", self.sigma_y, MIN_SIGMA, MAX_SIGMA)
        checks.number("noise_u", self.noise_u, 0, MAX_SIGMA)
        for name in ("sigmoid_mean", "learn_u", "prior_given_u"):
            checks.flag(name, getattr(self, name))
        if self.learn_u and self.prior_given_u:
            raise ValueError(
                "prior_given_u: expected False for a model that learns u (learn_u), "
                "whose prior is N(0, I), got True"
            )
        if self.sigmoid_mean and self.family != "normal":
            raise ValueError(
                f"sigmoid_mean: expected False for the family {self.family!r}, got True"
            )


@dataclass
class Params:
    """theta and phi; also holds gradients and Adam's moments, which have the same shapes.

    init and load make one; check_params checks one, which the constructor does not.
    """

    encode: list  # Layers, y -> encoding                                     phi
    nu: Layer  # (encoding, u) -> nu, its linear part                      phi
    nu_residual: list  # Layers, (encoding, u) -> what is added to nu              phi
    log_upsilon: Layer  # (encoding, u) -> log of Upsilon's diagonal                phi
    decode_u: Layer  # x -> mu_u, its linear part                                theta
    mu_u_residual: list  # Layers, x -> what is added to mu_u                        theta
    decode_y: list  # Layers, x -> mu_y (its logit with sigmoid_mean), or eta_y theta
    prior: Layer  # u -> mean and log variance of p(x | u), used by the TVAE  theta
    config: Config  # what is not learnt

    @property
    def n_x(self):
        return len(self.nu.b)

    @property
    def n_u(self):
        return len(self.decode_u.b)

    @property
    def n_y(self):
        return self.encode[0].W.shape[1]

    @property
    def sizes(self):
        """What layer_sizes needs to give these layers: n_y, n_x, hidden, n_residual, static"""
        encoder, decoder = (
            [len(layer.b) for layer in layers] for layers in (self.encode, self.decode_y[:-1])
        )
        return {
            "n_y": self.n_y,
            "n_x": self.n_x,
            "hidden": encoder if decoder == encoder[::-1] else encoder[0],
            "n_residual": len(self.nu_residual[0].b) if self.nu_residual else 0,
            "static": self.n_u == 0,
        }

    @property
    def activation(self):
        return mlp.ACTIVATIONS[self.config.activation]

    def leaves(self, names=None):
        """{"encode.0.W": array, ...} of the layers of these names (None: all), in a fixed order."""
        leaves = {}
        for name in LAYERS if names is None else names:
            value = getattr(self, name)
            if isinstance(value, list):
                for i, layer in enumerate(value):
                    leaves[f"{name}.{i}.W"], leaves[f"{name}.{i}.b"] = layer.W, layer.b
            else:
                leaves[f"{name}.W"], leaves[f"{name}.b"] = value.W, value.b
        return leaves

    def map(self, function):
        """A Params whose arrays are function(array)."""

        def apply(value):
            if isinstance(value, list):
                return [apply(layer) for layer in value]
            return Layer(function(value.W), function(value.b))

        return Params(**{name: apply(getattr(self, name)) for name in LAYERS}, config=self.config)


LAYERS = [f.name for f in fields(Params) if f.name != "config"]
PHI = ("encode", "nu", "nu_residual", "log_upsilon")  # the recognition model; the rest is theta
STACKS = ("encode", "nu_residual", "mu_u_residual", "decode_y")  # lists of layers, maybe empty


def layer_sizes(n_y, n_x, hidden, n_residual=0, static=False):
    """{name of Params: the sizes of its layers, from input to output}; arguments as for init."""
    n_y, n_x = checks.count("n_y", n_y), checks.count("n_x", n_x)
    n_residual = checks.count("n_residual", n_residual, at_least=0)
    encoder, decoder = _hidden_layers(hidden)
    n_u = 0 if checks.flag("static", static) else n_x
    n_h = encoder[-1]
    between = (n_residual,) if n_residual else ()
    sizes = {
        "encode": (n_y, *encoder),
        "nu": (n_h + n_u, n_x),
        "nu_residual": (n_h + n_u, *between, n_x) if between else (),
        "log_upsilon": (n_h + n_u, n_x),
        "decode_u": (n_x, n_u),
        "mu_u_residual": (n_x, *between, n_u) if between else (),
        "decode_y": (n_x, *decoder, n_y),
        "prior": (n_u, 2 * n_x),
    }
    n_weights = sum((n_in + 1) * n_out for n in sizes.values() for n_in, n_out in pairwise(n))
    if n_weights > MAX_WEIGHTS:
        raise ValueError(
            "n_y, n_x, hidden, n_residual: expected sizes with at most "
            f"{MAX_WEIGHTS} weights in all, got {n_weights}"
        )
    return sizes


def leaf_shapes(**sizes):
    """{"encode.0.W": shape, ...} of the leaves of a Params of these sizes; see layer_sizes."""
    shapes = {}
    for name, n in layer_sizes(**sizes).items():
        for i, (n_in, n_out) in enumerate(pairwise(n)):
            part = f"{name}.{i}" if name in STACKS else name
            shapes |= {f"{part}.W": (n_out, n_in), f"{part}.b": (n_out,)}
    return shapes


def unflatten(leaves, config):
    """The Params of these leaves, a dict in the order of leaf_shapes. Does not check its
    arguments."""
    layers = {name: [] for name in LAYERS}
    for part, W in leaves.items():
        name, *_, kind = part.split(".")
        if kind == "W":
            layers[name].append(Layer(W, leaves[part[:-1] + "b"]))
    return Params(
        **{name: stack if name in STACKS else stack[0] for name, stack in layers.items()},
        config=config,
    )


def _hidden_layers(hidden):
    """The hidden layers of the encoder and of the decoder"""
    if not isinstance(hidden, (tuple, list)):
        hidden = checks.count("hidden", hidden)
        return (hidden, hidden), (hidden,)
    if not 1 <= len(hidden) <= MAX_LAYERS:
        raise ValueError(f"hidden: expected 1 to {MAX_LAYERS} layers, got {len(hidden)}")
    encoder = tuple(checks.count("hidden", n) for n in hidden)
    return encoder, encoder[::-1]


def init(*, n_x, n_y, hidden, config, rng, dtype=np.float32, n_residual=0, static=False):
    """Random weights with which a state keeps most of itself.

    Parameters
    ----------
    n_x, n_y : dimensions of x and y
    hidden : units of the encoder's layers, the last of which is the encoding, as in (400, 200);
        the decoder has them in reverse. One number: two such layers to encode, one to decode
    config : Config
    rng : numpy.random.Generator
    dtype : numpy.float32 or numpy.float64
    n_residual : hidden units of the MLPs in nu and mu_u (V3); 0 leaves both linear
    static : True for a model without a state (n_u = 0)

    Returns
    -------
    Params
    """
    sizes = layer_sizes(n_y, n_x, hidden, n_residual, static)
    checks.instance("config", config, Config)
    checks.generator("rng", rng)
    if not isinstance(dtype, (type, np.dtype)) or dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected numpy.float32 or numpy.float64, got {dtype!r}")
    layers = {
        name: mlp.init(sizes[name], rng, dtype)
        for name in (
            "nu",
            "log_upsilon",
            "decode_u",
            "prior",
            "encode",
            "decode_y",
            "nu_residual",
            "mu_u_residual",
        )
        if sizes[name]
    }
    linear = {name: layers.pop(name)[0] for name in ("nu", "log_upsilon", "decode_u", "prior")}
    params = Params(**{"nu_residual": [], "mu_u_residual": []} | layers | linear, config=config)
    # a state that keeps most of itself, with its sign: appendix A shows where other starts lead
    n_h, n_u = sizes["encode"][-1], sizes["decode_u"][-1]
    params.nu.W[:, n_h:] = 0.9 * np.eye(n_x, n_u)
    params.decode_u.W[:] = 0.95 * np.eye(n_u, n_x)
    # q as precise as p(u | x): from Upsilon = 1, training would first learn to ignore u
    params.log_upsilon.W *= 0.1
    params.log_upsilon.b[:] = 2 * np.log(config.sigma_u)
    params.prior.W[:] = 0
    for residual in (params.nu_residual, params.mu_u_residual):
        for layer in residual[-1:]:
            layer.W[:] = 0  # at first, the MLPs add nothing
    return params


def check_params(params):
    """The Params, if its arrays are finite, fit each other, and have one dtype; or an error."""
    check_leaves("params", params, (np.float32, np.float64))
    dtypes = {leaf.dtype for leaf in params.leaves().values()}
    if len(dtypes) > 1:
        raise ValueError(
            "params: expected arrays of one dtype, got " + " and ".join(sorted(map(str, dtypes)))
        )
    return params


def check_leaves(name, params, dtypes):
    """The Params, if its arrays are finite, fit each other, and have these dtypes; or an error."""
    checks.instance(name, params, Params, " (init or load)")
    try:
        checks.instance("config", params.config, Config)
        expected, leaves = leaf_shapes(**params.sizes), params.leaves()
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise TypeError(
            f"{name}: expected Params as init makes them, got layers that are none ({error})"
        ) from error
    check_arrays(name, leaves, expected, dtypes)
    return params


def check_arrays(name, leaves, expected, dtypes):
    """The leaves {name: array}, if finite, of the expected shapes and of these dtypes; or an
    error."""
    checks.instance(name, leaves, dict)
    if leaves.keys() != expected.keys():
        raise ValueError(
            f"{name}: expected the arrays {', '.join(expected)}, "
            f"got {', '.join(map(str, leaves)) or 'none'}"
        )
    for part, shape in expected.items():
        leaf = leaves[part]
        plain = type(leaf) is np.ndarray
        if not plain or leaf.shape != shape or leaf.dtype not in dtypes:
            got = f"{leaf.shape}, {leaf.dtype}" if plain else type(leaf).__name__
            raise ValueError(
                f"{name}: expected an array {part} of floats and of shape {shape}, got {got}"
            )
        if not np.isfinite(leaf).all():
            raise ValueError(f"{name}: expected finite numbers in {part}, got NaN or infinity")
    return leaves
