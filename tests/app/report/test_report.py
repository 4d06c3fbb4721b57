"""A report says what the run's own files say, and nothing else gets into the page."""

import html.parser
import json
import re
import shutil
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipg.app.cli.main import invoke, is_refusal
from dipg.app.report.blocks import Code, Document, Heading, Picture, Points, Sample, Table, Text
from dipg.app.report.markdown import fenced, markdown, plain
from dipg.app.report.page import html as page
from dipg.app.report.plots import Chart, Line
from dipg.app.report.record import ReportError, read_run
from dipg.app.report.samples import quoted
from dipg.app.report.sections import report
from dipg.app.report.several import comparison
from dipg.app.report.stages import stages_of
from dipg.app.report.svg import resolved, standalone, ticks
from dipg.comparison import compare
from dipg.pricing import EVALUATION, MEDIUM, SOFT
from tests.app.report.stage import GROUP, PROMPTS, STEPS, evaluate, write_run
from tests.test_imports import HEAVY, loaded_by, tops


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "one")


@pytest.fixture(scope="module")
def document(place):
    return report(read_run(place))


@pytest.fixture
def copy(place, tmp_path):
    """A run that a test may damage."""
    return Path(shutil.copytree(place, tmp_path / "run"))


def tables(document: Document) -> list[Table]:
    return [block for block in document.blocks if isinstance(block, Table)]


def table(document: Document, *head: str) -> Table:
    return next(t for t in tables(document) if tuple(t.head[: len(head)]) == head)


def rows(place: Path, name: str):
    return [json.loads(line) for line in (place / name).read_text().splitlines()]


def test_the_sections_are_those_of_the_report_it_is_modelled_on(document):
    titles = [b.text for b in document.blocks if isinstance(b, Heading) and b.level == 2]
    assert titles == [
        "Executive summary",
        "1. Training configuration",
        "2. The run, block by block",
        "3. Performance metrics",
        "4. Penalties",
        "5. Decisions",
        "6. Figures",
        "7. Checkpoints",
        "8. Sample completions",
    ]


def test_the_blocks_are_those_of_the_rungs(place):
    stages = stages_of(read_run(place))
    assert [(s.first, s.last, s.rung) for s in stages] == [
        (1, 4, "soft"),
        (5, 8, "medium"),
        (9, 12, "soft"),
    ]


def test_reward_statistics_of_a_block_are_those_of_its_responses(place, document):
    record = read_run(place)
    for stage, row in zip(stages_of(record), table(document, "block", "mean").rows, strict=True):
        chosen = slice(stage.first - 1, stage.last)
        rewards = EVALUATION.rewards(np.concatenate(record.facts.terms[chosen]))
        assert len(rewards) == 4 * PROMPTS * GROUP
        expected = [
            f"{np.mean(rewards):.2f}",
            f"{np.median(rewards):.1f}",
            f"{np.std(rewards, ddof=1):.2f}",
            f"{min(rewards):.1f}",
            f"{max(rewards):.1f}",
            f"{max(rewards) - min(rewards):.1f}",
        ]
        assert list(row[1:]) == expected


def test_evaluations_are_shown_with_their_intervals(place, document):
    figures = json.loads((place / "evaluation_12.json").read_text())["figures"]
    safe = next(r for t in tables(document) for r in t.rows if r[0] == "safe" and len(r) == 3)
    f = figures["safe_rate"]
    shown = f"{100 * f['value']:.1f}% ({100 * f['lower']:.1f} .. {100 * f['upper']:.1f}%)"
    assert safe[2] == shown


def test_the_penalty_table_is_the_price_lists(document):
    found = table(document, "term")
    assert found.head[1:] == ["Block 1, soft", "Block 2, medium", "Block 3, soft", "yardstick"]
    prices = {row[0]: [float(cell) for cell in row[1:]] for row in found.rows}
    for term, cells in prices.items():
        lists = (SOFT, MEDIUM, SOFT, EVALUATION)
        assert cells == [pytest.approx(prices[term]) for prices in lists]


def test_every_move_has_its_receipt(document):
    moves = table(document, "after step")
    assert [row[:2] for row in moves.rows] == [["4", "soft → medium"], ["8", "medium → soft"]]
    receipts = [b.text for b in document.blocks if isinstance(b, Heading) and "Receipt" in b.text]
    assert receipts == ["Receipt of step 4", "Receipt of step 8"]


def test_the_summary_pairs_first_and_last(place, document):
    first, last = (json.loads((place / f"evaluation_{s}.json").read_text()) for s in (0, STEPS))
    expected = compare(first["larger"], last["larger"])[0]
    points = next(b for b in document.blocks if isinstance(b, Points))
    assert points.items[0].startswith(f"mean reward: {expected.value:+.1f} (95%:")


def test_key_figures_are_plain_data(document):
    told = json.loads(json.dumps(document.summary))
    assert (told["steps"], told["rung"]) == (STEPS, "soft")
    assert told["moves"][0] == {"step": 4, "from": "soft", "to": "medium"}
    assert told["evaluation"]["step"] == STEPS


def test_a_run_that_abstains_its_way_to_safety_is_called_out(copy):
    content = json.loads((copy / "evaluation_12.json").read_text())
    content["larger"]["figures"]["safe_rate"]["value"] = 0.97
    content["larger"]["figures"]["answer_rate"]["value"] = 0.01
    (copy / "evaluation_12.json").write_text(json.dumps(content))
    warnings = [b.text for b in report(read_run(copy)).blocks if isinstance(b, Text) and b.kind]
    assert any("97.0% of the responses are safe, but only 1.0%" in text for text in warnings)


# What is marked.


def test_what_the_proof_quotes_is_marked_in_the_context():
    context = "K13 drug is Bevacizumab, by lab.\nK13 size was 40 mm."
    marked, proof = quoted(context, "K13 drug is bevacizumab by lab.")
    assert marked == [("K13 drug is Bevacizumab, by lab", True), (".\nK13 size was 40 mm.", False)]
    assert proof == [("K13 drug is bevacizumab by lab.", False)]


def test_what_the_context_does_not_have_is_marked_in_the_proof():
    marked, proof = quoted("One two three.", '"two three" and\nfour five')
    assert marked == [("One ", False), ("two three", True), (".", False)]
    assert proof == [('"two three"', False), (" and", True), ("\n", False), ("four five", True)]


@given(st.text(max_size=60), st.text(max_size=60))
def test_marking_loses_and_adds_nothing(context, proof):
    marked, told = quoted(context, proof)
    assert "".join(text for text, _ in marked) == context
    assert "".join(text for text, _ in told) == proof


# The page.

HOSTILE = """</td></table><script>alert(1)</script><img src=x onerror=alert(1)> "'>&amp; ```\n"""


class Tags(html.parser.HTMLParser):
    """Every tag and attribute of a page, and whether tags are closed in order."""

    VOID = ("meta", "rect", "line", "path", "circle", "polygon")

    def __init__(self):
        super().__init__()
        self.seen, self.attributes, self.open = set(), set(), []

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    return tags


def hostile(copy: Path) -> Document:
    """A run whose every text tries to break out."""
    lines = rows(copy, "samples_12.jsonl")
    for line in lines:
        line |= dict.fromkeys(("id", "context", "question", "expected"), HOSTILE)
        line["completion"] = f"<think>{HOSTILE}</think><proof>{HOSTILE}</proof><answer>a</answer>"
    lines[1]["completion"] = HOSTILE
    (copy / "samples_12.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    receipts = rows(copy, "decisions.jsonl")
    for receipt in receipts:
        receipt |= dict.fromkeys(("reason", "sentence", "rung_from", "rung_to"), HOSTILE)
    (copy / "decisions.jsonl").write_text("".join(json.dumps(x) + "\n" for x in receipts))
    return report(read_run(copy))


def test_no_text_of_a_run_becomes_markup(copy, document):
    tame, wild = checked(page(document)), checked(page(hostile(copy)))
    assert not wild.seen & {"script", "img", "iframe", "object", "link"}
    assert wild.seen <= tame.seen | {"mark"}
    assert not any(name.startswith("on") for name in wild.attributes)


def test_the_page_needs_no_network_and_no_script(document):
    text = page(document)
    assert "default-src 'none'" in text
    addresses = set(re.findall(r"https?://[^\s\"'<]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(src|href)=|url\(|@import", text)


def test_markdown_keeps_hostile_text_within_its_bounds(copy):
    text = markdown(hostile(copy))
    assert not re.search(r"(?m)^\s*<(script|img)", text)
    for line in text.splitlines():
        if line.startswith("|"):
            assert "<script" not in line.replace(r"\<script", "")


@given(st.text(max_size=80))
def test_no_text_closes_its_own_fence(text):
    fence, *_, last = fenced(text).split("\n")
    assert last == fence
    assert fence not in text


@given(st.text(max_size=80))
def test_plain_text_is_one_line_without_live_markup(text):
    told = plain(text)
    assert len(told.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>|`*_]", told)


def test_figures_are_whole_files_of_their_own(document):
    assert len(document.pictures) >= 12
    assert len({p.name for p in document.pictures}) == len(document.pictures)
    for picture in document.pictures:
        assert re.fullmatch(r"[a-z0-9_-]+", picture.name)
        for text in (standalone(picture.svg), resolved(picture.svg)):
            assert xml.fromstring(text).tag.endswith("svg")
        assert "var(" not in resolved(picture.svg)


def test_a_line_is_where_its_values_are_and_breaks_where_they_are_unknown():
    x, y = np.array([0.0, 1, 2, 3]), np.array([0.0, np.nan, 1, 1])
    root = xml.fromstring(Chart("c", [Line("l", x, y)], True, (0.0, 1.0)).svg())
    paths = [e.get("d") for e in root.iter() if e.get("class") == "line s0"]
    # 480 x 260 with margins 52, 14, 14, 34: x 52 to 466, y 226 (0) to 14 (1).
    assert paths == ["M52.0 226.0", "M328.0 14.0L466.0 14.0"]


@given(st.floats(-1e6, 1e6, allow_nan=False), st.floats(1e-3, 1e6, allow_nan=False))
def test_ticks_are_round_few_and_within(low, span):
    found = ticks(low, low + span)
    assert len(found) <= 7
    assert all(low - 1e-6 * span <= t <= low + span * (1 + 1e-6) for t in found)


# Several runs.


def test_runs_are_compared_in_pairs(place, tmp_path):
    other = write_run(tmp_path / "two", seed=1, share=0.9)
    told = comparison([read_run(place), read_run(other)])
    first, last = (
        json.loads((p / "evaluation_12.json").read_text())["larger"] for p in (place, other)
    )
    expected = compare(first, last)
    points = next(b for b in told.blocks if isinstance(b, Points))
    assert len(points.items) == len(expected)
    assert points.items[0].startswith(f"mean reward: {expected[0].value:+.1f} ")
    assert [row[0] for row in table(told, "run").rows] == ["one", "two"]
    assert [run["run"] for run in told.summary["runs"]] == ["one", "two"]
    checked(page(told))


def test_runs_on_different_vignettes_are_shown_and_not_paired(place, copy):
    evaluate(copy, STEPS, np.random.default_rng(0), 0.5, count=10)
    told = comparison([read_run(place), read_run(copy)])
    assert any("cannot be paired" in b.text for b in told.blocks if isinstance(b, Text))


def test_the_same_run_twice_is_refused(place):
    with pytest.raises(ReportError, match="named twice"):
        comparison([read_run(place), read_run(place)])


# Half-written and hostile directories.


def test_a_half_written_line_is_left_out_and_said_so(copy):
    with (copy / "metrics.jsonl").open("a") as file:
        file.write('{"step":13,"rewa')
    record = read_run(copy)
    assert record.steps.tolist() == list(range(1, STEPS + 1))
    assert "half-written" in record.notes[0]
    assert "half-written" in markdown(report(record))


def test_the_log_of_another_trainer_has_a_report_too(copy):
    for name in ("config.toml", "evaluation_0.json", "evaluation_12.json", "samples_0.jsonl"):
        (copy / name).unlink()
    (copy / "samples_12.jsonl").unlink()
    shutil.rmtree(copy / "checkpoints")
    text = markdown(report(read_run(copy)))
    assert "no evaluation on held-out vignettes" in text
    assert "Policy" in text
    assert "soft → medium" in text


def test_metrics_alone_are_enough(copy):
    for entry in copy.iterdir():
        if entry.name != "metrics.jsonl":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    checked(page(report(read_run(copy))))


def line(name, number, text):
    def damage(run):
        lines = (run / name).read_text().splitlines()
        lines[number] = text(lines[number]) if callable(text) else text
        (run / name).write_text("\n".join(lines) + "\n")

    return damage


def whole(name, content):
    return lambda run: (run / name).write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (line("metrics.jsonl", 2, "{oops"), r"metrics.jsonl: line 3 is not JSON"),
        (line("metrics.jsonl", 2, "[1]"), r"line 3 is not an object"),
        (line("metrics.jsonl", 2, '{"step": "x"}'), r"line 3 has no step"),
        (line("metrics.jsonl", 2, '{"step": 1}'), r"line 3: step 1 comes after 2"),
        (line("metrics.jsonl", 2, '{"step": 3, "kl": "<b>"}'), r"line 3: 'kl' is not a number"),
        (line("metrics.jsonl", 2, "[" * 100_000), r"line 3 is not JSON"),
        (whole("metrics.jsonl", b""), r"no step is finished yet"),
        (whole("metrics.jsonl", b"\xff\xfe\x00\n"), r"is not text"),
        (line("decisions.jsonl", 0, "{}"), r"decisions.jsonl: line 1 is not a receipt"),
        (line("observations.jsonl", 0, "{}"), r"observations.jsonl: is no observation log"),
        (line("observations.jsonl", 1, '{"step": 1}'), r"step 1 of the log has no 'groups'"),
        (whole("evaluation_12.json", b"{"), r"evaluation_12.json: is not JSON"),
        (whole("evaluation_12.json", b"{}"), r"is no evaluation"),
        (
            whole("evaluation_12.json", b'{"rewards": [1], "figures": {"mean": 3}}'),
            r"the figure 'mean' is no interval",
        ),
        (line("samples_12.jsonl", 0, "{}"), r"a sample has no 'id'"),
        (whole("config.toml", b"steps = nine"), r"config.toml"),
    ],
)
def test_damage_is_told_in_one_line(copy, capsys, damage, says):
    damage(copy)
    assert invoke(["report", str(copy)]) == 2
    told = capsys.readouterr().err
    assert re.search(says, told)
    assert len(told.splitlines()) == 1
    assert not (copy / "report").exists()


# The command.


def test_the_command_writes_the_page_the_text_and_the_figures(copy, capsys):
    assert invoke(["report", str(copy), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["rung"] == "soft"
    assert Path(told["html"]).read_text().startswith("<!doctype html>")
    links = re.findall(r"\]\((figures/[^)]+)\)", Path(told["markdown"]).read_text())
    assert links
    assert all((copy / "report" / link).is_file() for link in links)
    assert invoke(["report", str(copy)]) == 0  # again, over the one that is there


def test_several_runs_go_where_they_are_told(place, copy, tmp_path, capsys):
    assert invoke(["report", str(place), str(copy), "--out", str(tmp_path / "both")]) == 0
    assert "report.html" in capsys.readouterr().out
    assert (tmp_path / "both" / "figures" / "compared-mean.svg").is_file()


def test_what_is_no_run_is_refused_before_anything_heavy_is_loaded(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for path, says in (("none", "no such run"), ("file", "is a file"), (".", "no metrics.jsonl")):
        assert invoke(["report", str(tmp_path / path)]) == 2
        assert says in capsys.readouterr().err
    assert tops(loaded_by("dipg.app.cli.report")) & HEAVY == set()


def test_a_place_that_cannot_be_written_is_refused(copy, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert invoke(["report", str(copy), "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.slow
def test_figures_are_pictures_too(copy, capsys):
    pytest.importorskip("resvg_py", reason="needs the report extra")
    assert invoke(["report", str(copy)]) == 0
    png = (copy / "report" / "figures" / "mean.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 960


def test_blocks_of_every_kind_are_written_both_ways():
    picture = Picture("p", "t", "c", Chart("c", []).svg())
    made = Sample("s", "q", "e", [("c", True)], [], "th", "an", "raw", "", "facts")
    blocks = [Heading("h"), Text("x", "note"), Points(["a"]), Table(["a"], [["b"]], "cap")]
    whole_document = Document("d", [*blocks, Code("x"), picture, made], {})
    checked(page(whole_document))
    assert "![t](figures/p.svg)" in markdown(whole_document)


STRANGE = (None, "<b>", -1, 1e308, float("nan"), float("inf"), [], {}, True, 10**400, [1], {"a": 1})


def mutated(value, rng):
    """The same JSON with something strange in one place."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = list(value)[int(rng.integers(len(value)))]
        return {**value, key: mutated(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        i = int(rng.integers(len(value)))
        return [*value[:i], mutated(value[i], rng), *value[i + 1 :]]
    return STRANGE[int(rng.integers(len(STRANGE)))]


@pytest.mark.parametrize("seed", range(4))
def test_strange_values_are_reported_or_refused_by_name(copy, seed):
    rng = np.random.default_rng(seed)
    names = [p.name for p in sorted(copy.iterdir()) if p.suffix in (".jsonl", ".json")]
    for _ in range(12):
        path = copy / names[int(rng.integers(len(names)))]
        before = path.read_text()
        parts = before.splitlines() if path.suffix == ".jsonl" else [before]
        i = int(rng.integers(len(parts)))
        parts[i] = json.dumps(mutated(json.loads(parts[i]), rng))
        path.write_text("\n".join(parts) + "\n")
        refused = None
        try:
            told = report(read_run(copy))
            checked(page(told))
            markdown(told)
        except ValueError as error:
            refused = error
        if refused is not None:
            assert is_refusal(refused), (path.name, parts[i])
            assert len(str(refused).splitlines()) == 1
        path.write_text(before)
