"""What the documentation shows runs: Python blocks, console lines, examples, commands, links."""

from __future__ import annotations

import io
import re
import runpy
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from dipg.app.cli.main import COMMANDS, invoke

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
STEPS = 40
COMMAND = re.compile(r"^(?: {4}|\$ )(dipg-curriculum [^\n#]*)", re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(page.read_text()) if found == language]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name)
def test_python_blocks_run_one_after_the_other(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "documentation"}
    said = ""
    for language, body in FENCE.findall(page.read_text()):
        if language == "python":
            output = io.StringIO()
            with redirect_stdout(output):
                exec(compile(body, page.name, "exec"), names)
            said = output.getvalue()
        elif language == "text":  # what the block before it prints
            assert said == body


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "console")], ids=name)
def test_console_lines_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks(page, "console"):
        for line in block.splitlines():
            if line.startswith("$ "):
                words = shlex.split(line[2:])
                assert words[0] == "dipg-curriculum"
                assert invoke(words[1:]) == 0
                assert capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_that_are_shown_exist_with_their_options(page: Path) -> None:
    from click import Context

    from dipg.app.cli.main import cli

    for line in COMMAND.findall(page.read_text().replace("\\\n", " ")):
        words = shlex.split(line)[1:]
        if not words or words[0].startswith("-"):
            continue
        assert words[0] in COMMANDS, line
        command = cli.get_command(Context(cli), words[0])
        assert command is not None
        options = {option for p in command.params for option in p.opts} | {"--help"}
        for word in words[1:]:
            if word.startswith("--"):
                assert word.split("=")[0] in options, line


def test_the_navigation_names_pages_that_there_are() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    listed = set(re.findall(r"[\w-]+\.md", navigation))
    assert len(listed) > 10
    assert listed <= {page.name for page in (ROOT / "docs").glob("*.md")}


def test_the_loop_of_ones_own_escalates_and_leaves_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["any_loop.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "examples" / "any_loop.py"), run_name="__main__")
    told = capsys.readouterr().out
    assert "moved from soft to hard" in told
    assert invoke(["report", str(tmp_path), "--out", str(tmp_path / "report")]) == 0
    assert "soft → hard" in (tmp_path / "report" / "report.md").read_text()


def test_every_example_is_run_here() -> None:
    tested = Path(__file__).read_text()
    assert [p.name for p in (ROOT / "examples").glob("*.py") if p.name not in tested] == []


@pytest.mark.parametrize("policy", ["careful.py:Careful", "per_penalty.py:per_penalty"])
def test_the_policies_of_ones_own_decide(policy: str) -> None:
    import numpy as np

    from curricula import Curriculum, Session
    from dipg.app.policies import controller_from_name
    from dipg.environment import score_batch
    from dipg.pricing import EVALUATION, LADDERS, LIMITS
    from dipg.vignettes import generate
    from tests.app.report.stage import SCHEMA

    ladder = LADDERS["caution"]
    controller = controller_from_name(
        str(ROOT / "examples" / policy), when=None, ladder=ladder, total_steps=STEPS
    )
    curriculum = Curriculum(controller, ladder, EVALUATION, SCHEMA, window=4, limits=LIMITS)
    session = Session(curriculum, 32, 8)
    vignettes = [v for v in generate("short", split="train", count=8) for _ in range(4)]
    terms, events = score_batch(vignettes, [v.gold for v in vignettes])
    before = session.penalties
    for _ in range(STEPS):  # the best there is, again and again: proof must have consequences
        session.observe(terms, events, np.repeat(np.arange(8), 4))
    assert session.receipt.severity_to == ladder.top
    changed = {name for name in before.names if before[name] != session.penalties[name]}
    assert {"incorrect_answer", "hallucinated_trace"} <= changed
    assert ("hallucination" in changed) == (policy == "careful.py:Careful")


@pytest.mark.slow
def test_the_vignettes_train_in_trl_and_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("trl", reason="needs the trl extra")
    save_tiny_model(tmp_path / "model")
    script = str(ROOT / "examples" / "trl_vignettes.py")
    for steps in ("1", "2"):
        arguments = [script, str(tmp_path / "model"), str(tmp_path / "run"), steps]
        monkeypatch.setattr(sys, "argv", arguments)
        runpy.run_path(script, run_name="__main__")
    log = tmp_path / "run" / "curriculum"
    assert len((log / "decisions.jsonl").read_text().splitlines()) == 2
    assert invoke(["report", str(log), "--out", str(tmp_path / "report")]) == 0
    assert "format_mismatch" in (tmp_path / "report" / "report.md").read_text().replace("\\", "")


def save_tiny_model(place: Path) -> None:
    """A random Llama that reads and writes bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    inner = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(letters)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>"
    ).save_pretrained(place)
    config = LlamaConfig(
        vocab_size=len(letters), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=1024,
        pad_token_id=0, eos_token_id=1, bos_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(place)


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="needs the docs extra")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    page = (tmp_path / "api" / "index.html").read_text()
    assert "curricula.session.Session" in page
    home = (tmp_path / "index.html").read_text()
    assert not re.search(r"(?:src|href)=\"https?://(?!squidfunk)", home)  # nothing is fetched
