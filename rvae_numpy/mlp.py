"""A small multilayer perceptron: forward with a cache, backward by hand.

    D24   a_i = W_i h_{i-1} + b_i,   h_i = f(a_i),   h_0 = the input;   the last layer is linear (f is left out)
    D25   dL/da_i = dL/dh_i * f'(a_i),   dL/dW_i = sum dL/da_i h_{i-1}',   dL/db_i = sum dL/da_i,
          dL/dh_{i-1} = W_i' dL/da_i

    D40   linear plus bent: W x + b + MLP(x), an MLP that starts from a linear map; without layers it is the linear map

The sums are over frames. f' is written in terms of h = f(a), which the cache holds anyway.

Shapes: inputs (n, n_in), outputs (n, n_out); W_i (n_i, n_{i-1}), b_i (n_i,).
"""
from dataclasses import dataclass
from typing import Callable

import numpy as np


@dataclass(frozen=True)
class Activation:
    name: str
    f: Callable         # a -> h
    slope: Callable     # h -> f'(a)


TANH = Activation("tanh", np.tanh, lambda h: 1 - h**2)
RELU = Activation("relu", lambda a: np.maximum(a, 0), lambda h: (h > 0).astype(h.dtype))
SOFTPLUS = Activation("softplus", lambda a: np.logaddexp(0, a), lambda h: -np.expm1(-h))
ACTIVATIONS = {activation.name: activation for activation in (TANH, RELU, SOFTPLUS)}


def get_activation(name):
    """The activation of that name: tanh, relu or softplus."""
    if name not in ACTIVATIONS:
        raise ValueError(f"activation: wanted one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]


@dataclass
class Layer:
    W: np.ndarray       # (n_out, n_in)
    b: np.ndarray       # (n_out,)


def init(sizes, rng, dtype=np.float32):
    """Layers from sizes[0] inputs to sizes[-1] outputs: weights N(0, 1 / n_in), so that sums keep their size; biases 0"""
    return [Layer((rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(dtype), np.zeros(n_out, dtype))
            for n_in, n_out in zip(sizes[:-1], sizes[1:])]


def forward(layers, x, activation):
    """The output (n, n_out), and the cache that `backward` takes: each layer's input                           [D24]"""
    inputs = []
    for number, layer in enumerate(layers, start=1):
        inputs.append(x)
        x = x @ layer.W.T + layer.b
        if number < len(layers):
            x = activation.f(x)
    return x, inputs


def backward(layers, inputs, d_out, activation):
    """Gradients of the layers (as layers), and dL/dx (n, n_in), from d_out = dL/d(output) (n, n_out)           [D25]"""
    gradients = []
    d = d_out
    for number in range(len(layers) - 1, -1, -1):
        gradients.append(Layer(d.T @ inputs[number], d.sum(0)))
        d = d @ layers[number].W
        if number > 0:
            d = d * activation.slope(inputs[number])        # a layer's input is the h of the layer before
    return gradients[::-1], d


def forward_skip(linear, layers, x, activation):
    """W x + b + MLP(x), and the cache for the way back: (n, n_out) from (n, n_in). No layers: only W x + b     [D40]"""
    out = x @ linear.W.T + linear.b
    if not layers:
        return out, []
    bent, cache = forward(layers, x, activation)
    return out + bent, cache


def backward_skip(linear, layers, x, cache, d_out, activation):
    """Gradients of the linear map (a Layer) and of the layers, and dL/dx (n, n_in)"""
    d_linear, d_x = Layer(d_out.T @ x, d_out.sum(0)), d_out @ linear.W
    if not layers:
        return d_linear, [], d_x
    d_layers, d_bent = backward(layers, cache, d_out, activation)
    return d_linear, d_layers, d_x + d_bent


def jacobian_skip(linear, layers, x, activation):
    """d(W x + b + MLP(x)) / dx, (n, n_out, n_in): the product of the layers' own, and W"""
    n = len(x)
    if not layers:
        return np.broadcast_to(linear.W, (n, *linear.W.shape))
    _, inputs = forward(layers, x, activation)
    product = np.broadcast_to(layers[0].W, (n, *layers[0].W.shape))
    for layer, h in zip(layers[1:], inputs[1:]):
        product = layer.W @ (activation.slope(h)[:, :, None] * product)
    return linear.W + product
