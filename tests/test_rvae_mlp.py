"""The MLP: every hand-made derivative against central differences."""

import numpy as np
import pytest

from rvae_numpy import mlp
from tests.differences import assert_derivatives

ACTIVATIONS = pytest.mark.parametrize("activation", mlp.ACTIVATIONS.values(), ids=mlp.ACTIVATIONS)


@ACTIVATIONS
@pytest.mark.parametrize("sizes", [(3, 2), (3, 5, 2), (3, 5, 4, 2)])
def test_backward_is_the_derivative_of_forward(sizes, activation):
    rng = np.random.default_rng(0)
    layers = mlp.init(sizes, rng, dtype=np.float64)
    for layer in layers:
        layer.b += 0.3 * rng.standard_normal(layer.b.shape)
    x, direction = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))

    def loss():
        return np.sum(np.sin(mlp.forward(layers, x, activation)[0]) * direction)

    out, cache = mlp.forward(layers, x, activation)
    d_out = np.cos(out) * direction
    gradients, d_x = mlp.backward(layers, cache, d_out, activation)
    assert_derivatives(loss, [d_x], [x])
    for layer, gradient in zip(layers, gradients, strict=True):
        assert_derivatives(loss, [gradient.W, gradient.b], [layer.W, layer.b])
    again, none = mlp.backward(layers, cache, d_out, activation, to_input=False)
    assert none is None
    for a, b in zip(again, gradients, strict=True):
        np.testing.assert_array_equal(a.W, b.W)


@ACTIVATIONS
def test_layers_keep_the_scale_of_their_input(activation):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 400)).astype(np.float32)
    out, _ = mlp.forward(mlp.init((400, 400), rng), x, activation)
    assert out.dtype == np.float32 and abs(out.std() - 1) < 0.05


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_jacobian_against_central_differences(activation):
    rng = np.random.default_rng(0)
    linear = mlp.init((3, 2), rng, np.float64)[0]
    layers = mlp.init((3, 5, 4, 2), rng, np.float64)
    f, x, h = mlp.ACTIVATIONS[activation], rng.standard_normal((6, 3)), 1e-6
    J = mlp.jacobian_residual(linear, layers, x, f)
    for i, way in enumerate(h * np.eye(3)):
        ends = [mlp.forward_residual(linear, layers, x + sign * way, f)[0] for sign in (1, -1)]
        np.testing.assert_allclose(J[:, :, i], (ends[0] - ends[1]) / (2 * h), atol=1e-8)
    np.testing.assert_array_equal(mlp.jacobian_residual(linear, [], x, f)[2], linear.W)
