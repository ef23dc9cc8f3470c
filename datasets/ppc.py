"""LTI system + PPC: an oscillator, and a population of Poisson neurons that reports its position.

The poster's box "LTI system + PPC" (Abdulsalam and Makin), after Ma, Beck, Latham and Pouget
(2006) and Makin, Dichter and Sabes (2015). A mass on a damped spring moves. Fifteen neurons with
bell-shaped tuning curves fire according to its *position*; no neuron depends on its velocity. A
model that filters these spikes well must have inferred the velocity from many time steps.

    P1   p(z_{t+1} | z_t) = N(A z_t, Sigma_z)             z = (position in rad, velocity in rad/s)
    P2   p(y_t | z_t)     = prod_i Pois(y_t^i | g_t f_i(z_t^1))

    f_i(z) = exp(-d(z, c_i)^2 / 2 s^2)        c_i: preferred position of neuron i; s: width (rad)

    D1   z_hat = c + sum_i y^i d(c_i, c) / sum_i y^i      c: the most active neuron's c_i
    D2   var(z_hat | z, sum_i y^i) = s^2 / sum_i y^i

The poster prints P1's covariance with the subscript of x-hat; it is the covariance of z's
transition. Positions live on a circle just long enough for the fifteen neurons: d(a, b) is the
wrapped difference a - b.

Shapes: z (n_traj, T, 2), y (n_traj, T, n_neurons), gain (n_traj, T).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from datasets import _boundary as kinds
from datasets.support.boundary import checked, count, fields, generator, numbers, read_only


@dataclass(frozen=True)
@fields(**kinds.SYSTEM, whole=kinds.stable)
class System:
    """The oscillator (a rotation: its position is an angle) and its neurons. The defaults are the
    authors', as in `SYSTEM`."""

    dt: float = 0.05  # s, one time step
    mass: float = 5.0  # kg m^2
    damping: float = 0.25  # kg m^2/s
    stiffness: float = 3.0  # kg m^2/s^2
    position_noise: float = 5e-7  # rad^2, variance added to the position per step
    velocity_noise: float = 5e-5  # (rad/s)^2, variance added to the velocity per step
    start_margin: float = 0.05  # rad, from first positions to the outermost neurons
    start_velocity_variance: float = 5e-10  # (rad/s)^2, trajectories start almost at rest
    n_neurons: int = 15
    span: float = 2 * np.pi / 3  # rad, from the first preferred position to the last
    tuning_width: float = np.pi / 9  # rad, full width of a tuning curve at half maximum
    gain_low: float = 6.4  # spikes per time step at the peak: g_t is uniform on
    gain_high: float = 9.6  # [gain_low, gain_high], independent at each step

    @cached_property
    def A(self):
        """(2, 2) one Euler step of the damped spring."""
        return read_only(
            [
                [1.0, self.dt],
                [-self.stiffness * self.dt / self.mass, 1.0 - self.damping * self.dt / self.mass],
            ]
        )

    @cached_property
    def C(self):
        """(1, 2) observation matrix: the neurons report the position only."""
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
        """(2, 2) covariance of the first state: a uniform position, almost no velocity."""
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
        """Length of the circle, in rad: the last neuron is the first one's neighbour."""
        return self.spacing * self.n_neurons

    @property
    def tuning_std(self):
        """s, the standard deviation of the tuning curves, in rad."""
        return self.tuning_width / (2 * np.sqrt(2 * np.log(2)))

    @property
    def max_phase_steps(self):
        """Time steps within which a trajectory of random phase begins: one oscillation (162 steps
        by default), or three decay times of its amplitude where damping ends it sooner."""
        values = np.linalg.eigvals(self.A)
        angle = np.abs(np.angle(values)).max()
        oscillation = 2 * np.pi / angle if angle > 0 else np.inf
        return max(round(min(oscillation, -3 / np.log(np.abs(values).max()))), 1)

    @property
    def _farthest_start(self):
        return self.span / 2 - self.start_margin


SYSTEM = System()


class Batch(NamedTuple):
    """What `sample` returns."""

    z: np.ndarray  # (n_traj, T, 2) position (rad) and velocity (rad/s), float64
    y: np.ndarray  # (n_traj, T, n_neurons) spike counts; float32, for the neural models
    gain: np.ndarray  # (n_traj, T) g_t, spikes per time step at the peak of a tuning curve


@checked(
    n_traj=count(), T=count(), rng=generator, system=kinds.system, random_phase=kinds.random_phase
)
def sample(n_traj, T, rng, system=SYSTEM, *, random_phase=False):
    """Latent trajectories and the spikes that report them (P1, P2).

    Parameters
    ----------
    n_traj, T : number of trajectories, number of time steps
    rng : numpy.random.Generator
    system : System
    random_phase : False starts each trajectory at rest at a uniform position, as the authors do.
        All trajectories then oscillate in phase, which is good for tests and poor for training.
        True starts each at a random phase of its oscillation (System.max_phase_steps).

    Returns
    -------
    Batch of z (n_traj, T, 2), y (n_traj, T, n_neurons) and gain (n_traj, T)
    """
    z = trajectories(n_traj, T, rng, system, random_phase=random_phase)
    gain = rng.uniform(system.gain_low, system.gain_high, z.shape[:2])
    y = rng.poisson(gain[..., None] * tuning(z[..., 0], system)).astype(np.float32)
    return Batch(z, y, gain)


@checked(
    n_traj=count(), T=count(), rng=generator, system=kinds.system, random_phase=kinds.random_phase
)
def trajectories(n_traj, T, rng, system=SYSTEM, *, random_phase=False):
    """Latent trajectories z (n_traj, T, 2) of the oscillator (P1); arguments as for `sample`."""
    skipped = np.zeros(n_traj, int)
    if random_phase:
        skipped = rng.integers(system.max_phase_steps, size=n_traj)
    n_steps = T + skipped.max()
    z = np.empty((n_traj, n_steps, 2))
    z[:, 0, 0] = rng.uniform(-system._farthest_start, system._farthest_start, n_traj)
    z[:, 0, 1] = rng.normal(0, np.sqrt(system.start_velocity_variance), n_traj)
    noise = rng.standard_normal((n_traj, n_steps, 2)) * np.sqrt(np.diag(system.Sigma_z))
    for t in range(1, n_steps):
        # P1
        z[:, t] = z[:, t - 1] @ system.A.T + noise[:, t]
    return z[np.arange(n_traj)[:, None], skipped[:, None] + np.arange(T)]


@checked(position=numbers(), system=kinds.system)
def tuning(position, system=SYSTEM):
    """Tuning curves f_i, (..., n_neurons) in [0, 1]: mean responses relative to the peak (P2).

    position : (...) rad; any real number, because positions are wrapped
    """
    distance = wrap(position[..., None] - system.preferred, system)
    return np.exp(-(distance**2) / (2 * system.tuning_std**2))


@checked(difference=numbers(missing=True), system=kinds.system)
def wrap(difference, system=SYSTEM):
    """A difference between positions (...), in rad, wrapped around the circle: (...) in
    [-circumference / 2, circumference / 2); NaN stays NaN."""
    half = system.circumference / 2
    return (difference + half) % system.circumference - half


@checked(system=kinds.system, y=kinds.spikes)
def decode(y, system=SYSTEM):
    """Position from spikes: their centre of mass on the circle (D1).

    The circle is cut opposite the most active neuron, where hardly any spike falls. The results of
    equally active neurons are averaged, so that there is no bias in any direction.

    Parameters
    ----------
    y : (n_traj, T, n_neurons) spike counts, or a model's expected counts

    Returns
    -------
    z_hat : (n_traj, T) rad; NaN where there is no spike
    total : (n_traj, T) number of spikes
    """
    total = y.sum(-1)
    n = system.n_neurons
    offsets = (np.arange(n) + n // 2) % n - n // 2  # from the centre to each neuron, in neurons
    if n % 2 == 0:
        offsets[n // 2] = 0  # opposite: equally far in both directions
    window = offsets[(np.arange(n) - np.arange(n)[:, None]) % n]  # row: which is the centre
    most_active = y.argmax(-1)
    # D1; 0 / 0 = NaN where there is no spike
    shift = (y * window[most_active]).sum(-1) / total
    z_hat = wrap(system.preferred[most_active] + system.spacing * shift, system)
    is_top = y == y.max(-1, keepdims=True)
    tied = (is_top.sum(-1) > 1) & (total > 0)
    if tied.any():
        shifts = y[tied] @ window.T / total[tied][:, None]
        others = system.preferred + system.spacing * shifts - z_hat[tied][:, None]
        z_hat[tied] += np.average(wrap(others, system), axis=-1, weights=is_top[tied])
        z_hat[tied] = wrap(z_hat[tied], system)
    return z_hat, total


@checked(total=numbers(low=0), system=kinds.system)
def decoder_variance(total, system=SYSTEM):
    """Variance of the decoded position, (...) rad^2, given the number of spikes (D2).

    total : (...) number of spikes, at least 0; without one the variance is infinite
    """
    # D2
    return system.tuning_std**2 / total


@checked(z_hat=numbers(missing=True), position=numbers(like="z_hat"), system=kinds.system)
def squared_error(z_hat, position, system=SYSTEM):
    """Squared error of an estimated position, wrapped around the circle, (...) rad^2.

    z_hat, position : (...) rad; NaN where there is no estimate
    """
    return wrap(z_hat - position, system) ** 2
