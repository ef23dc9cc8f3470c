"""The guide to own data: the recording, its bins, and what the script says of the networks."""

import json

import numpy as np
import pytest

from examples import own_data
from refh_numpy import refh


@pytest.fixture(scope="module")
def trials():
    return own_data.recording(np.random.default_rng(0), n_trials=6)


def test_a_recording_has_trials_of_unequal_length_a_silent_and_a_busy_neuron(trials):
    counts = [own_data.binned(trial)[0] for trial in trials]
    assert len({len(y) for y in counts}) > 1
    total = np.concatenate(counts).sum(0)
    assert total[0] == 0 and (np.concatenate(counts)[:, 1] > 0).mean() > 0.2


def test_bins_count_every_spike_and_read_the_behaviour_in_their_middle(trials):
    trial = trials[0]
    counts, behaviour = own_data.binned(trial)
    end = len(counts) * own_data.DT
    np.testing.assert_array_equal(counts.sum(0), [(t < end).sum() for t in trial["spikes"]])
    times = own_data.SAMPLING * np.arange(len(trial["behaviour"]))
    np.testing.assert_allclose(behaviour[3, 0], np.interp(0.175, times, trial["behaviour"][:, 0]))


def test_times_in_another_unit_are_refused_and_lists_are_not(trials):
    trial = trials[0]
    lists = {name: [list(row) for row in rows] for name, rows in trial.items()}
    for got, expected in zip(own_data.binned(lists), own_data.binned(trial), strict=True):
        np.testing.assert_array_equal(got, expected)
    for change in (lambda times: 1000 * times, lambda times: times + 100):
        other = trial | {"spikes": [change(times) for times in trial["spikes"]]}
        with pytest.raises(ValueError, match=r"^spikes: expected times in s, .* got .*: in ms, or"):
            own_data.binned(other)
    nothing = trial | {"spikes": [[] for _ in trial["spikes"]]}
    assert own_data.binned(nothing)[0].sum() == 0
    with pytest.raises(ValueError, match=r"^behaviour: expected shape \(n_samples, 2\), got"):
        own_data.binned(trial | {"behaviour": trial["behaviour"][:, 0]})


def test_a_neuron_that_is_silent_in_the_training_only_does_no_harm(trials):
    counts, behaviour = zip(*map(own_data.binned, trials), strict=True)
    train = [y * (np.arange(own_data.N_NEURONS) != 1) for y in counts[:5]]
    decode = own_data.kalman_decoder(train, behaviour[:5])
    assert own_data.r_squared([decode(counts[5])], behaviour[5:])["position"] > 0.7
    _, params = own_data.learnt("rEFH", refh, train, 0, dict(n_updates=50, learning_rate=3e-3))
    (u,) = own_data.states(refh, params, counts[5:])
    assert np.isfinite(refh.emission_mean(params, u[None])).all()


def test_windows_come_from_the_trials():
    counts = [np.full((n, 2), n) for n in (50, 80, 120)]
    batch = next(own_data.windows(counts, 200, 60, np.random.default_rng(0)))
    assert batch.shape == (200, 60, 2) and set(np.unique(batch)) == {80, 120}
    with pytest.raises(ValueError, match=r"^T: expected at most 120 bins, got 121"):
        next(own_data.windows(counts, 1, 121, np.random.default_rng(0)))


def test_a_kalman_filter_fitted_to_the_behaviour_decodes_it(trials):
    counts, behaviour = zip(*map(own_data.binned, trials), strict=True)
    decode = own_data.kalman_decoder(counts[:5], behaviour[:5])
    assert own_data.r_squared([decode(counts[5])], behaviour[5:])["position"] > 0.7


@pytest.mark.slow
def test_velocity_separates_the_networks(tmp_path):
    own_data.main(["--quick", "--out", str(tmp_path)])
    rows = {
        row["model"]: row for row in json.loads((tmp_path / "own_data.json").read_text())["rows"]
    }
    velocity = {name: row["r_squared"]["velocity"] for name, row in rows.items()}
    assert velocity["rEFH"] > velocity["TRBM"] + 0.2 and velocity["spikes"] < 0.1
    assert (tmp_path / "own_data.png").exists() and (tmp_path / "own_data.npz").exists()
