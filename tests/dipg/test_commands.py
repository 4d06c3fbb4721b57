"""score, evaluate and vignettes on the command line; the server and the original where
installed."""

import json
from pathlib import Path

import pytest

from dipg.app.cli.main import invoke
from dipg.vignettes import generate
from dipg.vignettes.files import dump, to_record

VIGNETTES = generate("short", split="evaluation", count=12)


@pytest.fixture
def responses(tmp_path: Path) -> Path:
    path = tmp_path / "r.jsonl"
    lines = [
        {**to_record(v), "response": v.gold if i % 3 else "x"} for i, v in enumerate(VIGNETTES)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_score_writes_a_line_for_each(responses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["score", str(responses)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == [v.id for v in VIGNETTES]
    for i, line in enumerate(lines):
        assert set(line) == {"id", "events", "terms", "reward"}
        assert line["reward"] == (-10 if i % 3 == 0 else 36 if line["events"]["abstained"] else 31)


def test_prices_by_file(responses: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "p.toml").write_text("format_mismatch_penalty = -7\n")
    assert invoke(["score", str(responses), "--prices", str(tmp_path / "p.toml")]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["reward"] == -7


def test_evaluation_files_are_shown_and_compared(responses: Path, tmp_path: Path, capsys) -> None:
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    for path, prices in ((one, "evaluation"), (two, "soft")):
        out = str(tmp_path / "s.jsonl")
        command = ["score", str(responses), "--prices", prices, "--out", out]
        assert invoke([*command, "--evaluation", str(path)]) == 0
    assert "Not for clinical use" in capsys.readouterr().out
    assert invoke(["evaluate", str(one)]) == 0
    assert invoke(["evaluate", str(one), str(two)]) == 0
    assert "permutation" in capsys.readouterr().out


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["", "json"])
@pytest.mark.parametrize(
    "wrong",
    [{"mean_reward": "a"}, {"figures": {"mean": {"value": [1]}}}, {"figures": {"mean": "x"}}],
)
def test_a_figure_that_is_no_number_is_refused(wrong, form, tmp_path: Path, capsys) -> None:
    path = tmp_path / "e.json"
    path.write_text(json.dumps({"rewards": [1.0], **wrong}))
    assert invoke(["evaluate", str(path), *form]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"Error: {path}: value of mean")
    assert err.count("\n") == 1


def test_evaluate_asks_a_function(tmp_path: Path, capsys) -> None:
    (tmp_path / "mine.py").write_text("def respond(vs):\n    return [v.gold for v in vs]\n")
    data, out = tmp_path / "v.jsonl", tmp_path / "e.json"
    dump(VIGNETTES, data)
    target = f"{tmp_path / 'mine.py'}:respond"
    assert invoke(["evaluate", "--model", target, "--data", str(data), "--out", str(out)]) == 0
    written = json.loads(out.read_text())
    assert written["safe_response_rate"] == 1
    assert written["total_responses"] == 12


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def respond(vs):\n    raise KeyError('x')\n", "raised KeyError: 'x' ("),
        ("def respond(vs):\n    return [1 for v in vs]\n", "one text per vignette; got int for"),
        ("def respond(vs):\n    return ['a']\n", "1 responses for 12 vignettes"),
        ("x = 1 / 0\n", "ZeroDivisionError: division by zero ("),
    ],
)
def test_a_function_that_fails_is_told_in_one_line(
    tmp_path: Path, capsys, body: str, said: str
) -> None:
    (tmp_path / "mine.py").write_text(body)
    data = tmp_path / "v.jsonl"
    dump(VIGNETTES, data)
    assert (
        invoke(["evaluate", "--model", f"{tmp_path / 'mine.py'}:respond", "--data", str(data)]) == 2
    )
    told = capsys.readouterr().err.strip().splitlines()
    assert said in told[-1]
    assert len([line for line in told if line.startswith("Error: ")]) == 1
    assert "Traceback" not in "".join(told)


def test_vignettes_are_written_and_checked(tmp_path: Path, capsys) -> None:
    out = tmp_path / "v.jsonl"
    assert invoke(["vignettes", "--count", "7", "--out", str(out)]) == 0
    assert invoke(["vignettes", "--check", str(out)]) == 0
    assert "7 vignettes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["score", "none.jsonl"], "none.jsonl: No such file"),
        (["score", "{r}", "--prices", "harsh"], "no price list 'harsh'"),
        (["evaluate"], "give --model"),
        (["evaluate", "--model", "nowhere"], "no model 'nowhere'"),
        (["evaluate", "--model", "json:nothing"], "has no function 'nothing'"),
        (["evaluate", "none.json"], "none.json: No such file"),
        (["vignettes", "--shares", "1,2"], "--shares must be three numbers"),
        (["vignettes", "--shares", "1,1,1"], "shares of kinds"),
        (["vignettes", "--check", "{r}", "--skip-bad", "--out", "/none/x"], ""),
        (["score", "{r}", "--out", "/none/x"], "No such file or directory"),
    ],
)
def test_bad_input_is_refused_in_one_line(args, said, responses: Path, capsys) -> None:
    code = invoke([a.replace("{r}", str(responses)) for a in args])
    err = capsys.readouterr().err
    assert code == (2 if said else 0)
    assert said in err
    assert err.count("\n") <= 1


@pytest.mark.slow
def test_the_server_speaks_openenv() -> None:
    pytest.importorskip("openenv", reason="needs the extra serve")
    from fastapi.testclient import TestClient

    from dipg.server import create_app

    client = TestClient(create_app(VIGNETTES), raise_server_exceptions=False)
    assert "Not for clinical use" in client.get("/").json()["notice"]
    first = VIGNETTES[0]
    shown = client.post("/reset", json={}).json()["observation"]
    assert shown["vignette_id"] in {v.id for v in VIGNETTES}
    action = {"response": first.gold, "vignette_id": first.id}
    step = client.post("/step", json={"action": action}).json()
    assert (step["reward"], step["done"]) == (31 if first.expected.kind != "abstain" else 36, True)
    batch = {"items": [{"vignette_id": first.id, "response": first.gold}] * 3}
    assert len(client.post("/score", json=batch).json()["results"]) == 3
    with client.websocket_connect("/ws") as socket:
        socket.send_json({"type": "reset", "data": {"seed": 1}})
        identity = socket.receive_json()["data"]["observation"]["vignette_id"]
        gold = next(v.gold for v in VIGNETTES if v.id == identity)
        socket.send_json({"type": "step", "data": {"response": gold}})
        assert socket.receive_json()["data"]["reward"] >= 31


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/step", {"action": {"response": "x"}}, 409),
        ("/step", {"action": {"response": "x", "vignette_id": "none"}}, 404),
        ("/step", {"action": {"response": "x" * 200_001, "vignette_id": "none"}}, 422),
        ("/step", {"action": {"wrong": 1}}, 422),
        ("/score", {"items": []}, 422),
        ("/score", {"items": [{"vignette_id": "none", "response": "x"}]}, 404),
        ("/score", {"items": [{"vignette_id": "a", "response": "x"}] * 257}, 422),
        ("/score", {"items": "x" * 5_000_000}, 413),
    ],
)
def test_the_server_refuses_clearly(path: str, body: dict, code: int) -> None:
    pytest.importorskip("openenv", reason="needs the extra serve")
    from fastapi.testclient import TestClient

    from dipg.server import create_app

    client = TestClient(create_app(VIGNETTES), raise_server_exceptions=False)
    response = client.post(path, json=body)
    assert response.status_code == code
    assert len(response.text) < 2_000


@pytest.mark.slow
def test_a_body_that_never_ends_is_refused() -> None:
    pytest.importorskip("openenv", reason="needs the extra serve")
    import asyncio

    from dipg.server import LimitBody

    sent: list[dict] = []

    async def never() -> dict:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict) -> None:
        sent.append(message)

    async def unreachable(*_: object) -> None:
        raise AssertionError

    asyncio.run(LimitBody(unreachable, seconds=0.01)({"type": "http"}, never, send))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


@pytest.mark.slow
@pytest.mark.parametrize("message", ["{", "[]", '{"type": "step", "data": {"response": 1}}', "x"])
def test_a_bad_message_gets_an_answer_without_a_path_or_a_stack(message: str) -> None:
    pytest.importorskip("openenv", reason="needs the extra serve")
    from fastapi.testclient import TestClient

    from dipg.server import create_app

    client = TestClient(create_app(VIGNETTES), raise_server_exceptions=False)
    with client.websocket_connect("/ws") as socket:
        socket.send_text(message)
        said = socket.receive_text()
    assert "error" in said
    assert not any(part in said for part in ("Traceback", 'File "', "/home", "site-packages"))


@pytest.mark.slow
def test_the_original_scores_in_process() -> None:
    """Its own figures: full marks for the gold of an answer, the format penalty for prose."""
    pytest.importorskip("med_safety_gym", reason="needs the extra gym")
    from dipg.gym import OriginalEnvironment

    answerable = [v for v in VIGNETTES if v.expected.kind == "answer"]
    scores = OriginalEnvironment().score(answerable, [
        f"<think>x</think><proof>{v.gold.split('<proof>')[1].split('</proof>')[0]}</proof>"
        f"<answer>{v.expected.answer}</answer>" for v in answerable])  # fmt: skip
    assert (scores.rewards == 31).all()
    assert scores.metrics[:, 3].all()
