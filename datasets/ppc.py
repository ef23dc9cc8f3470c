"""LTI system + PPC: an oscillator, and the population of Poisson neurons that reports its position.

The poster's box "LTI system + PPC" (Abdulsalam and Makin), after Ma, Beck, Latham and Pouget (2006) and Makin,
Dichter and Sabes (2015). A mass on a damped spring moves; fifteen neurons with bell-shaped tuning curves fire
according to its *position*; its velocity is reported by nobody. A model that filters these spikes well must have
found out by itself that velocity exists.

    P1   p(z_{t+1} | z_t) = N(A z_t, Sigma_z)                 z = (position in rad, velocity in rad/s)
    P2   p(y_t | z_t)     = prod_i Pois(y_t^i | g_t f_i(z_t^1))

    f_i(z) = exp(-d(z, c_i)^2 / 2 s^2)                        c_i: neuron i's preferred position, s: the width (rad)

    D1   z_hat = c + sum_i y^i d(c_i, c) / sum_i y^i          c: the most active neuron's preferred position
    D2   var(z_hat | z, sum_i y^i) = s^2 / sum_i y^i

The poster prints P1's covariance with the subscript of x-hat; it is the covariance of z's transition.
Positions live on a circle just long enough for the fifteen neurons: d(a, b) is a - b, the short way round it.

Shapes: z (n_traj, T, 2), y (n_traj, T, n_neurons), gain (n_traj, T).
"""
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from datasets import checks


@dataclass(frozen=True)
class System:
    """The oscillator and its reporters. The defaults are the authors' constants."""
    dt: float = 0.05                        # s, one time step
    mass: float = 5.0                       # kg
    damping: float = 0.25                   # kg/s
    stiffness: float = 3.0                  # kg/s^2
    position_noise: float = 5e-7            # rad^2, variance added to the position at each step
    velocity_noise: float = 5e-5            # (rad/s)^2, variance added to the velocity at each step
    start_margin: float = 0.05              # rad, first positions keep this far from the outermost neurons
    start_velocity_variance: float = 5e-10  # (rad/s)^2, trajectories start (almost) at rest
    n_neurons: int = 15
    span: float = 2 * np.pi / 3             # rad, from the first neuron's preferred position to the last's
    tuning_width: float = np.pi / 9         # rad, full width of a tuning curve at half its height: span / 6
    gain_low: float = 6.4                   # spikes per time step at a tuning curve's peak: g_t is drawn
    gain_high: float = 9.6                  # uniformly from [gain_low, gain_high], anew at each step

    def __post_init__(self):
        for name in ("dt", "mass", "stiffness", "start_velocity_variance", "span", "tuning_width", "gain_high"):
            checks.number(name, getattr(self, name), low=0, above_low=True)
        for name in ("damping", "position_noise", "velocity_noise", "start_margin"):
            checks.number(name, getattr(self, name), low=0)
        checks.number("start_margin", self.start_margin, high=self.span / 2)
        checks.number("gain_low", self.gain_low, low=0, high=self.gain_high)
        checks.count("n_neurons", self.n_neurons, at_least=3)
        if max(abs(np.linalg.eigvals(self.A))) >= 1:
            raise ValueError("dt, mass, damping, stiffness: wanted a stable oscillator, got an Euler step whose "
                             f"largest eigenvalue is {max(abs(np.linalg.eigvals(self.A))):.4f}; take a smaller dt")

    @cached_property
    def A(self):
        """(2, 2) one Euler step of the damped spring."""
        return read_only([[1.0, self.dt],
                          [-self.stiffness * self.dt / self.mass, 1.0 - self.damping * self.dt / self.mass]])

    @cached_property
    def C(self):
        """(1, 2) only the position is reported."""
        return read_only([[1.0, 0.0]])

    @cached_property
    def Sigma_z(self):
        """(2, 2) covariance of the transition noise."""
        return read_only(np.diag([self.position_noise, self.velocity_noise]))

    @cached_property
    def mu_0(self):
        """(2,) mean of the first state."""
        return read_only(np.zeros(2))

    @cached_property
    def Sigma_0(self):
        """(2, 2) covariance of the first state: a uniform position, hardly any velocity."""
        return read_only(np.diag([self._farthest_start**2 / 3, self.start_velocity_variance]))

    @cached_property
    def preferred(self):
        """(n_neurons,) preferred positions, in rad."""
        return read_only(np.linspace(-self.span / 2, self.span / 2, self.n_neurons))

    @property
    def spacing(self):
        """Distance between neighbouring preferred positions, in rad."""
        return self.span / (self.n_neurons - 1)

    @property
    def circumference(self):
        """Length of the circle on which the positions live, in rad: the last neuron is the first one's neighbour."""
        return self.spacing * self.n_neurons

    @property
    def tuning_std(self):
        """s, the standard deviation of the tuning curves, in rad."""
        return self.tuning_width / (2 * np.sqrt(2 * np.log(2)))

    @property
    def longest_wait(self):
        """Time steps within which a staggered trajectory begins: one oscillation (162 with the authors' constants), or, where
        damping ends it sooner, three times the time in which a swing falls to 1/e."""
        values = np.linalg.eigvals(self.A)
        angle = np.abs(np.angle(values)).max()
        oscillation = 2 * np.pi / angle if angle > 0 else np.inf
        return max(round(min(oscillation, -3 / np.log(np.abs(values).max()))), 1)

    @property
    def _farthest_start(self):
        return self.span / 2 - self.start_margin


def read_only(values):
    """An array that cannot be written to: the system keeps it, and hands out the same one every time"""
    array = np.array(values)
    array.flags.writeable = False
    return array


class Batch(NamedTuple):
    z: np.ndarray       # (n_traj, T, 2) position (rad) and velocity (rad/s), float64
    y: np.ndarray       # (n_traj, T, n_neurons) spike counts; float32, as the neural models take them
    gain: np.ndarray    # (n_traj, T) g_t, spikes per time step at a tuning curve's peak


def sample(system, n_traj, T, rng, *, staggered=False):
    """Latent trajectories and the spikes that report them                                        [poster P1, P2]

    staggered : False starts each trajectory at rest at a uniform position, as the authors do. Then all of them swing
        in step with one another: fine for testing, poor as a training batch. True starts each at a random phase of
        its oscillation (System.longest_wait).
    returns a Batch: z (n_traj, T, 2), y (n_traj, T, n_neurons), gain (n_traj, T)
    """
    z = trajectories(system, n_traj, T, rng, staggered=staggered)
    gain = rng.uniform(system.gain_low, system.gain_high, z.shape[:2])
    y = rng.poisson(gain[..., None] * tuning(system, z[..., 0])).astype(np.float32)
    return Batch(z, y, gain)


def trajectories(system, n_traj, T, rng, *, staggered=False):
    """Latent trajectories z of the oscillator, (n_traj, T, 2) in rad and rad/s                        [poster P1]"""
    checks.count("n_traj", n_traj)
    checks.count("T", T)
    checks.generator("rng", rng)
    waited = rng.integers(system.longest_wait, size=n_traj) if staggered else np.zeros(n_traj, int)
    n_steps = T + waited.max()
    z = np.empty((n_traj, n_steps, 2))
    z[:, 0, 0] = rng.uniform(-system._farthest_start, system._farthest_start, n_traj)
    z[:, 0, 1] = rng.normal(0, np.sqrt(system.start_velocity_variance), n_traj)
    noise = rng.standard_normal((n_traj, n_steps, 2)) * np.sqrt(np.diag(system.Sigma_z))
    for t in range(1, n_steps):
        z[:, t] = z[:, t - 1] @ system.A.T + noise[:, t]
    return z[np.arange(n_traj)[:, None], waited[:, None] + np.arange(T)]


def tuning(system, position):
    """f_i(position): each neuron's mean response relative to its peak                                 [poster P2]

    position : (...) rad, any real number: the circle takes care of it
    returns (..., n_neurons) in (0, 1]
    """
    distance = short_way(system, np.asarray(position)[..., None] - system.preferred)
    return np.exp(-distance**2 / (2 * system.tuning_std**2))


def short_way(system, difference):
    """A difference between positions (rad), taken the short way round the circle: in [-circumference/2, circumference/2)."""
    half = system.circumference / 2
    return (difference + half) % system.circumference - half


def decode(system, y):
    """Where the population says that the mass is: the centre of mass of the spikes on the circle            [D1]

    The circle is cut opposite the most active neuron, where hardly any spike falls, so that the average of the
    preferred positions makes sense; there is no bias near the seam.

    y : (n_traj, T, n_neurons) spike counts, or a model's expected counts
    returns z_hat (n_traj, T) in rad, NaN where there is not one spike, and the spikes counted (n_traj, T)
    """
    y = checks.array("y", y, ("n_traj", "T", system.n_neurons))
    checks.in_range("y", y, 0, np.inf)
    n = system.n_neurons
    most_active = y.argmax(-1)
    total = y.sum(-1, dtype=float)
    steps = np.arange(n) - most_active[..., None]                       # how many neurons away from the middle one,
    steps = (steps + n // 2) % n - n // 2                               # the short way round
    with np.errstate(invalid="ignore"):
        shift = (y * steps).sum(-1, dtype=float) / total                # 0/0 = NaN: no spikes, no information
    return short_way(system, system.preferred[most_active] + system.spacing * shift), total


def decoder_variance(system, total):
    """Variance (rad^2) of the decoded position, given how many spikes there were; infinite for none         [D2]

    total : (...) number of spikes, above or equal to 0
    """
    total = np.asarray(total, dtype=float)
    checks.in_range("total", total, 0, np.inf)
    with np.errstate(divide="ignore"):
        return system.tuning_std**2 / total


def squared_error(system, z_hat, position):
    """Squared error of an estimated position (rad^2), the short way round the circle.

    z_hat, position : arrays of the same shape, in rad
    """
    z_hat, position = np.asarray(z_hat), np.asarray(position)
    if z_hat.shape != position.shape:
        raise ValueError(f"z_hat: wanted the shape of position, {position.shape}, got {z_hat.shape}")
    return short_way(system, z_hat - position) ** 2
