"""The error rates that `policies` shows are those of the code beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from scipy.stats import beta

from curricula import __version__
from curricula.certify import certify
from dipg.app.certified import SHOWN, certified, percent
from dipg.app.cli.main import invoke
from dipg.app.policies import POLICY_NAMES, controller_from_name
from dipg.pricing import LADDERS

RATES = [(name, key) for name in POLICY_NAMES for key in SHOWN]
DOCUMENTED = Path(__file__).parents[2] / "docs" / "controllers.md"


def test_every_policy_of_this_version_is_in_the_file() -> None:
    told = certified()
    assert tuple(told["policies"]) == POLICY_NAMES
    assert told["version"] == __version__
    assert re.fullmatch(r"[0-9a-f]{12}", told["commit"])  # of a clean tree
    assert all(policy["conforms"] for policy in told["policies"].values())


@pytest.mark.parametrize(("name", "key"), RATES)
def test_each_rate_has_the_interval_of_clopper_and_pearson(name: str, key: str) -> None:
    rate = certified()["policies"][name][key]
    n = rate["runs"]
    k = round(rate["value"] * n)
    assert n == certified()["runs"]
    assert rate["value"] == k / n
    assert rate["lower"] == pytest.approx(beta.ppf(0.025, k, n - k + 1) if k else 0.0)
    assert rate["upper"] == pytest.approx(beta.ppf(0.975, k + 1, n - k) if k < n else 1.0)


def test_people_see_what_programs_see(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["policies", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["certified"]
    assert invoke(["policies"]) == 0
    text = capsys.readouterr().out
    rates = told["policies"]["gated"]
    (row,) = re.findall(r"^  gated  +\d.*$", text, re.MULTILINE)
    assert row.split("  ", 2)[2].split() == [w for k in SHOWN for w in percent(rates[k]).split()]
    assert max(map(len, text.partition("How often")[2].splitlines())) <= 100
    assert f"at {told['commit']}: {told['command']}" in " ".join(text.split())


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        ((0.0125, 0.00407, 0.02893), "1.2 [0.4, 2.9]"),
        ((0.0, 0.0, 0.00918), "0 [0, 0.9]"),
        ((1.0, 0.9908, 1.0), "100 [99, 100]"),
    ],
)
def test_shares_are_shown_with_the_digits_that_they_have(
    share: tuple[float, float, float], shown: str
) -> None:
    assert percent(dict(zip(("value", "lower", "upper"), share))) == shown


@pytest.mark.parametrize("name", POLICY_NAMES)
def test_the_page_on_controllers_has_the_same_figures(name: str) -> None:
    rate = certified()["policies"][name]["false_promotion"]
    (row,) = re.findall(rf"^\| {name} \|.*keeps.*$", DOCUMENTED.read_text(), re.MULTILINE)
    value, low, high = (f"{100 * rate[key]:.3g}" for key in ("value", "lower", "upper"))
    assert f"| {value}% [{low}, {high}] |" in row


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gated", "bandit"])
def test_measured_again_with_the_same_seed_they_are_the_same(name: str) -> None:
    told = certified()
    ladder = LADDERS[told["ladder"]]
    controller = controller_from_name(name, when=None, ladder=ladder, total_steps=told["steps"])
    found = certify(
        controller,
        runs=told["runs"],
        steps=told["steps"],
        rungs=len(ladder),
        seed=told["seed"],
    ).to_json()
    for key in (*SHOWN, "delay", "drop_delay", "run_length"):
        expected = told["policies"][name][key]
        assert {k: found[key][k] for k in expected} == pytest.approx(expected), key
