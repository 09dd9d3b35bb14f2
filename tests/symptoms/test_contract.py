"""What every symptom promises, whatever it looks for."""

from __future__ import annotations

import json
import warnings
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner import registry
from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import Symptom, diagnose
from tuner.symptoms import diverging, guessing

PLUGINS = registry.SYMPTOMS
SEEN = [pytest.param(n, c, id=f"{n}: {k}") for n, p in PLUGINS.items() for k, c in p.SEEN.items()]
NOT_SEEN = [pytest.param(n, c, id=f"{n}: {k}") for n, p in PLUGINS.items() for k, c in p.NOT_SEEN.items()]


def detect(name: str, curve: Curve) -> Symptom | None:
    return PLUGINS[name].detect(curve, options=PLUGINS[name].Options())


def check(symptom: Symptom, curve: Curve) -> None:
    """Assert what holds for every symptom that is seen."""
    json.dumps(dict(symptom.evidence), allow_nan=False)
    assert all(type(v) in (int, float, str) for v in symptom.evidence.values())
    assert type(symptom.since_epoch) is int and type(symptom.epoch) is int
    assert curve.last_epoch is not None
    assert curve.epochs[0] <= symptom.since_epoch <= symptom.epoch <= curve.last_epoch
    assert 0 <= symptom.confidence <= 1 and 0 <= symptom.severity <= 1
    assert symptom.text


def copied(curve: Curve, until: int, times: float = 1.0) -> Curve:
    """Return the first epochs as if no others had ever been logged, losses multiplied."""
    series = {}
    for name, s in curve.series.items():
        keep = s.epochs <= until
        factor = times if s.kind in (Kind.TRAIN_LOSS, Kind.VAL_LOSS) else 1.0
        if keep.any():
            series[name] = replace(s, epochs=s.epochs[keep].copy(), values=s.values[keep] * factor)
    return Curve(series, objective=curve.objective, planned_epochs=curve.planned_epochs)


@pytest.mark.parametrize("name", PLUGINS)
def test_a_symptom_has_a_manual_and_thresholds_with_defaults(name: str) -> None:
    plugin = PLUGINS[name]
    assert all(word in (plugin.__doc__ or "") for word in ("Looks like:", "In a search:", "Thresholds:"))
    assert is_dataclass(plugin.Options()) and fields(plugin.Options())
    assert plugin.SEEN and plugin.NOT_SEEN


@pytest.mark.parametrize(("name", "curve"), SEEN)
def test_a_symptom_is_seen_on_its_examples(name: str, curve: Curve) -> None:
    symptom = detect(name, curve)
    assert symptom is not None
    assert symptom.name == name and symptom.healthy == PLUGINS[name].HEALTHY
    check(symptom, curve)


@pytest.mark.parametrize(("name", "curve"), NOT_SEEN)
def test_a_symptom_is_not_seen_on_its_counter_examples(name: str, curve: Curve) -> None:
    assert detect(name, curve) is None


@pytest.mark.parametrize(("name", "curve"), SEEN)
def test_the_primary_verdict_on_an_example_is_its_own_symptom(name: str, curve: Curve) -> None:
    diagnosis = diagnose(curve, PLUGINS)
    seen = detect(name, curve)
    assert diagnosis.verdict is not None and seen is not None
    if seen.healthy or seen.harmful:
        assert diagnosis.verdict.name == name
    else:
        assert diagnosis.verdict.healthy and diagnosis.get(name) is not None


@pytest.mark.parametrize(("name", "curve"), SEEN + NOT_SEEN)
def test_a_cut_curve_is_judged_like_one_that_was_never_longer(name: str, curve: Curve) -> None:
    for epoch in curve.epochs[::3]:
        assert detect(name, curve.until(int(epoch))) == detect(name, copied(curve, int(epoch)))


LOW_IS_ABSOLUTE = {"fine_tuning", "slow_start", "slow_convergence", "generalization_gap"}
ALIVE = "learns after a first explosion"


@pytest.mark.parametrize(("name", "curve"), SEEN + NOT_SEEN)
@pytest.mark.parametrize("times", [1e-3, 1e3])
def test_the_scale_of_the_losses_does_not_matter(name: str, curve: Curve, times: float) -> None:
    guesses = guessing.guess(curve, guessing.Options()) is not None
    if name in LOW_IS_ABSOLUTE or guesses or curve is diverging.NOT_SEEN[ALIVE]:
        pytest.skip("what guessing gives, and what is low already, are absolute values: cross-entropies in nats")
    assert curve.last_epoch is not None
    one, other = detect(name, curve), detect(name, copied(curve, curve.last_epoch, times))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert other.since_epoch == one.since_epoch
        assert other.severity == pytest.approx(one.severity)
        assert other.confidence == pytest.approx(one.confidence)


@pytest.mark.parametrize("name", PLUGINS)
def test_a_curve_is_left_as_it_was(name: str) -> None:
    values = np.linspace(2.0, 1.0, 40)
    curve = Curve.of(train_loss=values, val_loss=values, metrics={"acc": values}, planned_epochs=40)
    detect(name, curve)
    assert np.array_equal(values, np.linspace(2.0, 1.0, 40))


DEGENERATE = {
    "empty": Curve({}),
    "empty, objective named": Curve({}, objective="map", planned_epochs=10),
    "series without rows": Curve.of(train_loss=[], val_loss=[], metrics={"acc": []}),
    "one row": Curve.of(train_loss=[1.0], val_loss=[1.0], metrics={"acc": [0.1]}, planned_epochs=100),
    "two rows": Curve.of(train_loss=[1.0, 2.0], val_loss=[1.0, 0.0]),
    "all NaN": Curve.of(train_loss=[np.nan] * 30, val_loss=[np.nan] * 30, metrics={"acc": [np.nan] * 30}),
    "all infinite": Curve.of(train_loss=[np.inf] * 30, val_loss=[-np.inf] * 30),
    "all zero": Curve.of(train_loss=[0.0] * 30, val_loss=[0.0] * 30, metrics={"map": [0.0] * 30}),
    "no validation loss": Curve.of(train_loss=np.arange(30.0)),
    "no training loss": Curve.of(val_loss=np.arange(30.0)),
    "metric only": Curve.of(metrics={"acc": np.arange(30.0)}, planned_epochs=30),
    "negative losses": Curve.of(train_loss=-np.arange(30.0), val_loss=-np.arange(30.0), planned_epochs=30),
    "largest numbers": Curve.of(train_loss=[1.7e308, -1.7e308] * 15, val_loss=[5e-324, 1.7e308] * 15),
    "objective not logged yet": Curve.of(train_loss=np.arange(30.0), objective="map"),
    "longer than planned": Curve.of(train_loss=np.arange(30.0), val_loss=np.arange(30.0), planned_epochs=3),
    "nothing planned": Curve.of(train_loss=np.arange(30.0), planned_epochs=0),
}


@pytest.mark.parametrize("name", PLUGINS)
@pytest.mark.parametrize("curve", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_no_curve_makes_a_symptom_raise_or_warn(name: str, curve: Curve) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        symptom = detect(name, curve)
    if symptom is not None:
        check(symptom, curve)


VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(min_value=0, max_value=3),
    st.sampled_from([0.0, 1.0, 2.303, 1e-300, 1e300]),
)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """Draw curves whose series have gaps, start late and end early."""
    rows = draw(st.integers(min_value=1, max_value=40))
    kinds = [("train/a", Kind.TRAIN_LOSS), ("train/b", Kind.TRAIN_LOSS), ("val", Kind.VAL_LOSS), ("acc", Kind.METRIC)]
    series = {}
    for name, kind in kinds:
        epochs = np.asarray(sorted(draw(st.sets(st.integers(0, rows), max_size=rows))), dtype=np.int64)
        base = draw(st.sampled_from([0.0, 0.1, 2.303]))
        column = draw(st.lists(VALUES, min_size=len(epochs), max_size=len(epochs)))
        values = np.asarray(column, dtype=np.float64) if draw(st.booleans()) else np.full(len(epochs), base)
        if draw(st.booleans()):
            series[name] = Series(name, kind, epochs, values, kind is Kind.METRIC)
    objective = draw(st.sampled_from([None, "acc", "val", "missing"]))
    return Curve(series, objective=objective, planned_epochs=draw(st.sampled_from([None, 1, 10, 40, 1000])))


@settings(max_examples=150, deadline=None)
@given(curves())
def test_any_curve_at_all_is_judged_without_an_error_or_a_warning(curve: Curve) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for symptom in diagnose(curve, PLUGINS).symptoms:
            check(symptom, curve)


@settings(max_examples=50, deadline=None)
@given(curves(), st.integers(0, 40))
def test_any_cut_of_any_curve_is_judged_like_a_shorter_one(curve: Curve, epoch: int) -> None:
    assert diagnose(curve.until(epoch), PLUGINS) == diagnose(copied(curve, epoch), PLUGINS)
