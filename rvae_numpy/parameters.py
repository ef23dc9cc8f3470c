"""What the autoencoders have for settings and for weights.

`Config` is not learnt, `Params` is. The same dataclass holds gradients and Adam's moments. The
equations are those of autoencoder.py. The functions of this module do not check their arguments.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from datasets.support import boundary
from datasets.support.boundary import number, one_of
from rvae_numpy import mlp
from rvae_numpy.mlp import Layer

FAMILIES = ("normal", "poisson")
MIN_SIGMA, MAX_SIGMA = 1e-4, 1e6  # 1 / sigma^2 must leave room in float32


def _sigma_u(name, value, _):
    """A number for all latents, or a tuple with one for each"""
    one = number(MIN_SIGMA, MAX_SIGMA)
    if not isinstance(value, (tuple, list)):
        return one(name, value, _)
    return tuple(one(name, sigma, _) for sigma in value)


def _fits(config):
    """Only means of the normal family can be brightness; a prior of x_t that is a function of
    u_{t-1} replaces the term that learns u"""
    if config.sigmoid_mean and config.family != "normal":
        raise ValueError(f"sigmoid_mean: expected False for the family {config.family}, got True")
    if config.prior_given_u and config.learn_u:
        raise ValueError(
            "prior_given_u: expected False for a model that learns u (learn_u), whose prior is "
            "N(0, I), got True"
        )


@dataclass(frozen=True)
@boundary.fields(
    family=one_of(*FAMILIES),
    activation=one_of(*mlp.ACTIVATIONS),
    sigma_u=_sigma_u,
    sigma_y=number(MIN_SIGMA, MAX_SIGMA),
    noise_u=number(0, MAX_SIGMA),
    sigmoid_mean=boundary.flag,
    learn_u=boundary.flag,
    prior_given_u=boundary.flag,
    whole=_fits,
)
class Config:
    """What is not learnt. The sigmas are standard deviations."""

    family: str = "poisson"  # of the observations: poisson or normal
    activation: str = "tanh"  # of the MLPs: tanh, relu or softplus
    sigma_u: float = 0.07  # of p(u | x); x has unit variance under its prior. A tuple has one per
    # latent: P7 with a diagonal covariance, which the poster does not have
    sigma_y: float = 1.0  # of p(y | x), normal family
    noise_u: float = 0.0  # added to the recognition model's u in training
    sigmoid_mean: bool = False  # mu_y in [0, 1] by a logistic function, normal family
    learn_u: bool = True  # is u_{t-1} modelled with y_t? the rVAE's one difference
    prior_given_u: bool = False  # is the prior of x_t a function of u_{t-1}, not N(0, I)?


@dataclass
class Params:
    """theta and phi; also holds gradients and Adam's moments, which have the same shapes.

    init and load make one. The constructor does not check what it is given.
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
    def sigma_u(self):
        """A number, or an array (n_u,) in the dtype of the weights."""
        sigma_u = self.config.sigma_u
        return np.array(sigma_u, self.nu.b.dtype) if isinstance(sigma_u, tuple) else sigma_u

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
        leaves = {part: function(leaf) for part, leaf in self.leaves().items()}
        return unflatten(leaves, self.config)


LAYERS = [f.name for f in fields(Params) if f.name != "config"]
PHI = ("encode", "nu", "nu_residual", "log_upsilon")  # the recognition model; the rest is theta
STACKS = ("encode", "nu_residual", "mu_u_residual", "decode_y")  # lists of layers, maybe empty


def layer_sizes(*, n_x, n_y, hidden, n_residual=0, static=False):
    """{name of Params: the sizes of its layers, from input to output}; arguments as for init."""
    encoder, decoder = (hidden, hidden), (hidden,)
    if isinstance(hidden, (tuple, list)):
        encoder, decoder = tuple(hidden), tuple(hidden)[::-1]
    n_u, n_h = 0 if static else n_x, encoder[-1]
    between = (n_residual,) if n_residual else ()
    return {
        "encode": (n_y, *encoder),
        "nu": (n_h + n_u, n_x),
        "nu_residual": (n_h + n_u, *between, n_x) if between else (),
        "log_upsilon": (n_h + n_u, n_x),
        "decode_u": (n_x, n_u),
        "mu_u_residual": (n_x, *between, n_u) if between else (),
        "decode_y": (n_x, *decoder, n_y),
        "prior": (n_u, 2 * n_x),
    }


def leaf_shapes(**sizes):
    """{"encode.0.W": shape, ...} of the leaves of a Params of these sizes; see layer_sizes."""
    shapes = {}
    for name, n in layer_sizes(**sizes).items():
        for i, (n_in, n_out) in enumerate(pairwise(n)):
            part = f"{name}.{i}" if name in STACKS else name
            shapes |= {f"{part}.W": (n_out, n_in), f"{part}.b": (n_out,)}
    return shapes


def unflatten(leaves, config):
    """The Params of these leaves, a dict in the order of leaf_shapes."""
    layers = {name: [] for name in LAYERS}
    for part, W in leaves.items():
        name, *_, kind = part.split(".")
        if kind == "W":
            layers[name].append(Layer(W, leaves[part[:-1] + "b"]))
    return assembled(layers, config)


def assembled(layers, config):
    """The Params of {name: list of Layers}."""
    parts = {name: stack if name in STACKS else stack[0] for name, stack in layers.items()}
    return Params(**parts, config=config)
