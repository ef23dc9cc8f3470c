"""Table 1 and the scripts that use its models: quick runs, selection, read-out, initial states."""

import json

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import poisson

from datasets import ppc
from datasets.support import loop
from examples import (
    hybrid_weight,
    local_vs_bptt,
    ppc_initial_state,
    ppc_order,
    ppc_table,
    receptive_fields,
)
from examples.ppc import coasting, figures, networks, oscillator
from refh_numpy import harmonium, refh, trbm
from rvae_numpy import rvae, vae


def rows_of(path):
    return {row["model"]: row for row in json.loads(path.read_text())["rows"]}


def is_figure(path):
    return path.stat().st_size > 10_000


@pytest.fixture(scope="module")
def quick_table(tmp_path_factory):
    """The folder of a quick Table 1, on less test data, which the other scripts then use too"""
    out = tmp_path_factory.mktemp("table")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oscillator, "TEST", dict(n_traj=20, T=400))
        patch.setattr(coasting, "N_TRAJ", 20)
        patch.setattr(ppc_table, "QUICK", {})
        ppc_table.main(["--quick", "--out", str(out)])
        yield out


def test_from_a_row_to_the_gibbs_chain_are_eight_frames(monkeypatch, tmp_path):
    """Two more from the command: main and in_parallel."""

    def chain(*args, **kwargs):
        raise LookupError

    monkeypatch.setitem(harmonium.negative_phase.__kwdefaults__, "chain", chain)
    row = ppc_table.shortened("rEFH", ppc_table.NETWORKS["rEFH"])
    with pytest.raises(LookupError) as caught:
        networks.train_and_test(row, 0, tmp_path)
    assert len(caught.traceback[1:]) <= 8, [entry.name for entry in caught.traceback]


def test_table_has_every_row(quick_table):
    rows = rows_of(quick_table / "ppc_table.json")
    assert list(rows) == ppc_table.ROWS
    assert list(rows)[:8] == ["ORDER 0", "TVAE", "TRBM", "KF-1", "rVAE", "rEFH", "RTRBM", "KF-2"]
    assert all(rows[name]["poster"] for name in list(rows)[:8])
    for row in rows.values():
        assert np.isfinite([row["mse"], *row["coasting"].values()]).all()
        assert list(row["coasting"]) == ["5", "10", "20", "40"]
    # random initial models, and few iterations: no better than the EM that converges
    assert rows[ppc_table.RANDOM_STARTS]["mse"] > rows["KF-2"]["mse"]
    assert rows["KF-1"]["coasting"]["20"] < 0.2 < 0.8 < rows["KF-2"]["coasting"]["20"]
    assert is_figure(quick_table / "ppc_table.png")


def test_the_better_predictor_of_two_restarts_is_selected_and_both_are_in_the_table(quick_table):
    rows = rows_of(quick_table / "ppc_table.json")
    (row,) = rows["rVAE"]["seeds"]
    losses = [restart["next_step_loss"] for restart in row["restarts"]]
    assert len(losses) == 2 and losses[0] != losses[1]
    assert row["mse"] == row["restarts"][int(np.argmin(losses))]["mse"]
    everything = rows["rVAE, all runs"]
    assert everything["n_runs"] == 2
    for measure in ("mse", "mse_after_100"):
        values = [restart[measure] for restart in row["restarts"]]
        np.testing.assert_allclose(everything[measure], np.mean(values))
        np.testing.assert_allclose(everything[f"{measure}_spread"], np.std(values, ddof=1))


def test_the_next_step_loss_is_the_poissons():
    """A model that predicts the same at every step: -log Poisson likelihood, without log y!."""
    rng = np.random.default_rng(0)
    params = vae.init(n_y=15, n_x=2, hidden=4, family="poisson", rng=rng, dtype=np.float64)
    for layer in params.decode_y:
        layer.W[:] = 0
    params.decode_y[-1].b[:] = np.log(1.5)
    y = rng.poisson(1.5, (3, 20, 15))
    expected = -(poisson(1.5).logpmf(y[:, 1:]) + gammaln(y[:, 1:] + 1)).sum(-1).mean()
    np.testing.assert_allclose(oscillator.next_step_loss(vae, params, y, rng), expected)


def test_a_finished_row_is_not_run_again(quick_table, capsys):
    before = rows_of(quick_table / "ppc_table.json")
    kept = quick_table / "ppc_table" / "rEFH_0.npz"
    changed = kept.stat().st_mtime_ns
    (quick_table / "ppc_table" / "TRBM_0.json").unlink()
    ppc_table.main(["--quick", "--out", str(quick_table)])
    n_jobs = len(ppc_table.NETWORKS) + len(ppc_table.KALMAN)
    assert f"{n_jobs - 1} of {n_jobs} runs are done already" in capsys.readouterr().out
    after = rows_of(quick_table / "ppc_table.json")
    assert kept.stat().st_mtime_ns == changed
    assert all(row["mse"] == before[name]["mse"] for name, row in after.items())
    assert after.keys() == before.keys()


def test_a_row_of_other_settings_is_run_again(quick_table):
    folder = quick_table / "ppc_table"
    settings = json.loads((folder / "TRBM_0.json").read_text())["settings"]
    row = {"model": "TRBM", "settings": settings}
    other = row | {"settings": settings | {"learning_rate": 1.0}}
    assert networks.kept(row, 0, folder)
    assert not networks.kept(other, 0, folder) and not networks.kept(row, 7, folder)


def test_order_of_the_kalman_filters(quick_table, monkeypatch):
    """Second order has velocity, a smaller instantaneous weight, and an undershoot."""
    monkeypatch.setattr(ppc_order, "N_PERTURBED", 150)
    monkeypatch.setattr(ppc_order, "NETWORKS", {"rEFH": ppc_table.NETWORKS["rEFH"]})
    shorter = ppc_order.control_rows(0, quick_table, ppc_order.CONTROL | dict(n_updates=4), (2, 4))
    assert [row["n_updates"] for row in shorter] == [0, 0, 2, 4, 2, 4]
    monkeypatch.setattr(ppc_order, "control_rows", lambda seed, folder: shorter)
    ppc_order.main(["--out", str(quick_table)])
    rows = rows_of(quick_table / "ppc_order.json")
    assert list(rows) == ["KF-1", "rEFH", "KF-2"]
    assert rows["KF-1"]["velocity_r2"] < 0.2 < 0.9 < rows["KF-2"]["velocity_r2"]
    assert rows["KF-2"]["instantaneous_weight"] < 0.25 < 0.4 < rows["KF-1"]["instantaneous_weight"]
    assert rows["KF-2"]["undershoot"] < -0.002 < rows["KF-1"]["undershoot"]
    assert rows["KF-1"]["coasting"]["20"] < 0.2 < 0.8 < rows["KF-2"]["coasting"]["20"]
    content = json.loads((quick_table / "ppc_order.json").read_text())
    assert content["controls"][1]["label"] == "untrained, large weights"
    assert is_figure(quick_table / "ppc_order.png")
    assert is_figure(quick_table / "ppc_order_response.png")


@pytest.mark.slow
def test_order_of_all_models(quick_table, capsys, monkeypatch):
    monkeypatch.setattr(ppc_order, "CONTROL", ppc_order.CONTROL | dict(n_updates=300))
    ppc_order.main(["--out", str(quick_table)])
    assert "left out" not in capsys.readouterr().out
    assert list(rows_of(quick_table / "ppc_order.json")) == ppc_order.ROWS


@pytest.mark.parametrize("script", [ppc_order, ppc_initial_state])
def test_scripts_on_trained_models_need_them(script, tmp_path):
    with pytest.raises(SystemExit, match="--out: expected the folder of a finished"):
        script.main(["--out", str(tmp_path)])


def test_initial_states_of_every_model(quick_table):
    ppc_initial_state.main(["--out", str(quick_table)])
    rows = rows_of(quick_table / "ppc_initial_state.json")
    table = rows_of(quick_table / "ppc_table.json")
    assert list(rows) == ppc_initial_state.MODELS
    for name, row in rows.items():  # the default rule is the table's
        mse = row["mse"][row["default_rule"]]
        np.testing.assert_allclose(mse, table[name]["seeds"][0]["mse"], rtol=1e-5)
    assert is_figure(quick_table / "ppc_initial_state.png")


def test_errors_by_weight(quick_table, monkeypatch):
    monkeypatch.setattr(hybrid_weight, "QUICK", dict(n_updates=50, learning_rate=5e-3))
    hybrid_weight.main(["--quick", "--out", str(quick_table)])
    rows = json.loads((quick_table / "hybrid_weight.json").read_text())["rows"]
    assert [row["w"] for row in rows] == hybrid_weight.WEIGHTS
    assert all(np.isfinite(row["mse"]) for row in rows)
    assert is_figure(quick_table / "hybrid_weight.png")


def test_the_impulse_response_of_the_decoder_is_an_impulse():
    rng = np.random.default_rng(0)
    system = ppc.System()
    batch = ppc.sample(100, ppc_order.PERTURBED_STEP + ppc_order.LAGS, rng, system)
    response = ppc_order.impulse_response(
        lambda y: ppc.decode(y, system)[0], batch, ppc_order.perturbed(batch, rng)
    )
    np.testing.assert_allclose(response[0], 1)
    np.testing.assert_allclose(response[1:], 0, atol=1e-12)


def test_a_linear_readout_finds_what_is_linear_and_nothing_else():
    rng = np.random.default_rng(0)
    state = rng.standard_normal((10, 300, 3))
    target = state @ [1.0, -2.0, 0.5] + 3
    assert ppc_order.readout(state, target) > 0.999
    assert abs(ppc_order.readout(state, rng.standard_normal((10, 300)))) < 0.05


def test_an_offset_of_the_tested_half_counts_as_error():
    rng = np.random.default_rng(0)
    state = rng.standard_normal((10, 300, 3))
    target = state @ [1.0, -2.0, 0.5]
    target[5:] += 3 * target.std()
    assert ppc_order.readout(state, target) < -7


def test_local_rules_beside_bptt(tmp_path, monkeypatch):
    few = dict(n_updates=6, n_checkpoints=2, n_batches=(3, 4), learning_rate=1e-3)
    monkeypatch.setattr(local_vs_bptt, "QUICK", few)
    local_vs_bptt.main(["--quick", "--out", str(tmp_path)])
    rows = rows_of(tmp_path / "local_vs_bptt.json")
    assert set(rows) == {"TRBM", "rEFH", "RTRBM", "rEFH + BPTT"}
    for rule in local_vs_bptt.LOCAL:
        for pair in local_vs_bptt.PAIRS:
            found = rows[rule]["angles"][pair]
            assert found["n_updates"] == [3, 6]
            for degrees, error in zip(found["degrees"], found["error"], strict=True):
                assert degrees is None or (0 <= degrees <= 180 and error >= 0)
        assert any(angle is not None for angle in rows[rule]["angles"]["joint"]["degrees"])
    assert all(row["seeds"][0]["curve"]["n_updates"] == [3, 6] for row in rows.values())
    assert is_figure(tmp_path / "local_vs_bptt.png")


def test_the_mean_of_angles_has_the_error_of_a_mean():
    seeds = [
        {"n_updates": [5, 10], "degrees": [30.0, None], "error": [3.0, None]},
        {"n_updates": [5, 10], "degrees": [40.0, 50.0], "error": [4.0, 2.0]},
    ]
    expected = {"n_updates": [5, 10], "degrees": [35.0, None], "error": [2.5, None]}
    assert local_vs_bptt.mean_angles(seeds) == expected


def test_stages_of_a_training():
    """sigma_u and the learning rate decrease in steps; the decoder's updates come last."""
    settings = dict(model="rvae_numpy.rvae", n_traj=2, T=10, n_updates=60, learning_rate=3e-4)
    settings |= dict(chunk=5, sigmas=[0.3, 0.2, 0.1], n_decoder_updates=7)
    found = list(oscillator.stages(settings))
    assert [config for config, _ in found] == [{"sigma_u": s} for s in (0.3, 0.2, 0.1)] + [{}]
    assert all(stage.pop("chunk") == 5 for _, stage in found)
    names = "n_updates", "learning_rate", "final_learning_rate"
    rates = [[stage.pop(name, 0) for name in names] for _, stage in found]
    expected = [[20, 3e-4, 2e-4], [20, 2e-4, 1e-4], [20, 1e-4, 0], [7, 1e-3, 0]]
    np.testing.assert_allclose(rates, expected, atol=1e-12)
    assert [stage for _, stage in found] == [{}, {}, {}, {"freeze_phi": True}]
    rng = np.random.default_rng(0)
    params = rvae.init(n_x=2, n_y=15, hidden=4, family="poisson", rng=rng)
    assert oscillator.train(rvae, params, rng, settings).config.sigma_u == 0.1


def test_a_start_at_the_fixed_point_holds_position_and_velocity():
    """Before any training; the decoder's first updates come before the others, sigmas in pairs"""
    settings = ppc_table.NETWORKS[ppc_table.PER_LATENT]
    params = networks.initialised(rvae, settings, np.random.default_rng(0))
    batch = ppc.sample(20, 400, np.random.default_rng(1))
    u, z = rvae.infer(params, batch.y)[:, 100:].reshape(-1, 2), batch.z[:, 100:].reshape(-1, 2)
    correlations = np.abs(np.corrcoef(u.T, z.T)[:2, 2:])
    assert correlations[0, 0] > 0.98 and correlations[1, 1] > 0.9 > 0.3 > correlations[1, 0]
    assert params.nu.W.dtype == np.float32 and params.config.sigma_u == (0.09, 0.18)
    found = list(oscillator.stages(settings))
    sigmas = [[0.09, 0.18], *settings["sigmas"], None]
    assert [config.get("sigma_u") for config, _ in found] == sigmas
    assert [stage.get("freeze_phi", False) for _, stage in found] == [True, *4 * [False], True]
    assert found[0][1]["n_updates"] == 2400


def test_half_a_training_makes_no_row(tmp_path, monkeypatch):
    """Ctrl+C reaches the training in a worker, which keeps what was learnt; the table must not."""

    def interrupted(params, batches, rng, **settings):
        return params, loop.Log(interrupted=True)

    monkeypatch.setattr(trbm, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        row = {"model": "TRBM", "settings": ppc_table.NETWORKS["TRBM"]}
        networks.train_and_test(row, 5, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_table_with_gaps_can_be_plotted():
    rows = ppc_table.table([])
    assert all(row["missing"] for row in rows)
    assert figures.plot_table(rows).axes


def test_steps_without_spikes_are_skipped():
    """A gap in the decoded positions must not spread: it is a missing observation."""
    half = oscillator.SYSTEM.circumference / 2
    position = np.array([[0.9 * half, np.nan, -0.95 * half, np.nan, -0.9 * half]])
    expected = [[0.9 * half, np.nan, 1.05 * half, np.nan, 1.1 * half]]
    np.testing.assert_allclose(oscillator.unwrapped(position), expected)


def test_receptive_fields(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(receptive_fields, "TEST", dict(n_traj=20, T=300))
    with pytest.raises(SystemExit, match="--out: expected a folder with the weights"):
        receptive_fields.main(["--out", str(tmp_path)])
    rng = np.random.default_rng(0)
    refh.save(tmp_path / "refh.npz", refh.init(n_x=30, n_y=15, family="poisson", rng=rng))
    receptive_fields.main(["--out", str(tmp_path)])
    rows = json.loads((tmp_path / "receptive_fields.json").read_text())["rows"]
    assert sorted(row["unit"] for row in rows) == list(range(30))
    gains = [row["r2_position_and_velocity"] - row["r2_position"] for row in rows]
    assert gains == sorted(gains, reverse=True) and gains[-1] > -1e-9
    assert is_figure(tmp_path / "receptive_fields.png")


def test_a_map_is_the_mean_activity_of_its_cell():
    """Units that are their position, their velocity, and a constant"""
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 1, (200_000, 2))
    u = np.column_stack([z, np.full(len(z), 0.3)])
    mean, position, velocity = receptive_fields.maps(u, z)
    centres = [(edges[1:] + edges[:-1]) / 2 for edges in (position, velocity)]
    np.testing.assert_allclose(mean[0], np.tile(centres[0], (15, 1)), atol=0.02)
    np.testing.assert_allclose(mean[1], np.tile(centres[1], (15, 1)).T, atol=0.02)
    np.testing.assert_allclose(mean[2], 0.3)
    by_position, by_both = receptive_fields.explained(u[:, :2], z)
    np.testing.assert_allclose(by_position, [1, 0], atol=0.01)
    np.testing.assert_allclose(by_both, [1, 1], atol=0.01)
