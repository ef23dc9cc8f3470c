"""A small multilayer perceptron (MLP): forward with a cache, backward by hand.

    V1   a_i = W_i h_{i-1} + b_i,   h_i = f(a_i),   h_0 = the input;   the last layer is linear
    V2   dL/da_i = dL/dh_i * f'(a_i),   dL/dW_i = sum dL/da_i h_{i-1}',   dL/db_i = sum dL/da_i,
         dL/dh_{i-1} = W_i' dL/da_i
    V3   residual map: W x + b + MLP(x), a linear map plus an MLP; without layers, the linear map

The sums run over time steps. f' is written in terms of h = f(a), which the cache holds anyway.

Shapes: inputs (n, n_in), outputs (n, n_out); W_i (n_i, n_{i-1}), b_i (n_i,).

The functions of this module do not check their arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Activation:
    """A nonlinearity f and its derivative."""

    f: Callable  # a -> h
    derivative: Callable  # h -> f'(a)


ACTIVATIONS = {
    "tanh": Activation(np.tanh, lambda h: 1 - h**2),
    "relu": Activation(lambda a: np.maximum(a, 0), lambda h: (h > 0).astype(h.dtype)),
    "softplus": Activation(lambda a: np.logaddexp(0, a), lambda h: -np.expm1(-h)),
}


@dataclass(eq=False)
class Layer:
    """One affine map."""

    W: np.ndarray  # (n_out, n_in)
    b: np.ndarray  # (n_out,)

    def __eq__(self, other):
        if not isinstance(other, Layer):
            return NotImplemented
        return np.array_equal(self.W, other.W) and np.array_equal(self.b, other.b)


def init(sizes, rng, dtype=np.float32):
    """Layers from sizes[0] inputs to sizes[-1] outputs.

    Weights are N(0, 1 / n_in), so that sums keep their size; biases are 0.
    """
    return [
        Layer(
            (rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(dtype),
            np.zeros(n_out, dtype),
        )
        for n_in, n_out in pairwise(sizes)
    ]


def forward(layers, x, activation):
    """The output (n, n_out), and the cache for `backward`: each layer's input (V1)."""
    inputs = []
    for number, layer in enumerate(layers, start=1):
        inputs.append(x)
        x = x @ layer.W.T + layer.b
        if number < len(layers):
            x = activation.f(x)
    return x, inputs


def backward(layers, inputs, d_out, activation, *, to_input=True):
    """Gradients of the layers (as layers), and dL/dx (n, n_in) (V2).

    inputs : the cache of `forward`;  d_out : (n, n_out) dL/d(output)
    to_input : False leaves out dL/dx, a large product if x has many dimensions, and returns None
    """
    gradients = []
    d = d_out
    for number in range(len(layers) - 1, -1, -1):
        gradients.append(Layer(d.T @ inputs[number], d.sum(0)))
        if number == 0 and not to_input:
            return gradients[::-1], None
        d = d @ layers[number].W
        if number > 0:  # a layer's input is the h of the layer before
            d = d * activation.derivative(inputs[number])
    return gradients[::-1], d


def forward_residual(linear, layers, x, activation):
    """W x + b + MLP(x), (n, n_out), and the cache for the way back (V3)."""
    out = x @ linear.W.T + linear.b
    if not layers:
        return out, []
    residual, cache = forward(layers, x, activation)
    return out + residual, cache


def backward_residual(linear, layers, x, cache, d_out, activation):
    """Gradients of the linear map (a Layer) and of the layers, and dL/dx (n, n_in)."""
    d_linear, d_x = Layer(d_out.T @ x, d_out.sum(0)), d_out @ linear.W
    if not layers:
        return d_linear, [], d_x
    d_layers, d_residual = backward(layers, cache, d_out, activation)
    return d_linear, d_layers, d_x + d_residual


def jacobian_residual(linear, layers, x, activation):
    """d(W x + b + MLP(x)) / dx, (n, n_out, n_in): W plus the product of the layers' Jacobians."""
    n = len(x)
    if not layers:
        return np.broadcast_to(linear.W, (n, *linear.W.shape))
    _, inputs = forward(layers, x, activation)
    product = np.broadcast_to(layers[0].W, (n, *layers[0].W.shape))
    for layer, h in zip(layers[1:], inputs[1:], strict=True):
        product = layer.W @ (activation.derivative(h)[:, :, None] * product)
    return linear.W + product
