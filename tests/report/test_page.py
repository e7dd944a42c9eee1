"""The page as a whole: self-contained, the same bytes every time, its links inside itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentflan.cli.main import run as cli
from agentflan.core.errors import Mistake
from agentflan.report.page import write_report
from tests.report.example_run import write_arms, write_run
from tests.report.html_text import Page


def test_opens_offline_and_runs_nothing(tmp_path: Path) -> None:
    html = write_report(write_run(tmp_path / "run", hostile=True)).read_text("utf-8")
    page = Page(html)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html
    assert not {"script", "link", "iframe", "object", "img", "base", "form"} & set(page.tags)
    assert all(value.startswith("#") for key, value in page.attributes if key == "href")
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert '</div><script>alert("1")</script>' in page.text


def test_controls_in_data_are_made_visible(tmp_path: Path) -> None:
    html = write_report(write_run(tmp_path / "run", hostile=True)).read_text("utf-8")
    assert not [letter for letter in html if ord(letter) < 0x20 and letter not in "\n\t"]
    assert "\u202e" not in html
    assert "␛[31mred" in html


def test_ids_are_unique_and_links_arrive(tmp_path: Path) -> None:
    page = Page(write_report(write_arms(tmp_path / "demo", seeds=2)).read_text("utf-8"))
    assert len(set(page.ids)) == len(page.ids)
    targets = {value[1:] for key, value in page.attributes if key == "href"}
    targets |= {value[5:-1] for key, value in page.attributes if value.startswith("url(#")}
    assert targets <= set(page.ids)
    assert {"ledger", "corpus", "trajectory", "losses", "scores", "provenance"} <= targets


def test_the_head_tells_what_was_run_and_what_came_out(tmp_path: Path) -> None:
    text = Page(write_report(write_arms(tmp_path / "demo")).read_text("utf-8")).text
    head = text.partition("At every stage")[0]
    assert "in 97\u202f% (without_negatives) and 1\u202f% (with_negatives) of its replies" in head
    assert "Arguments are near the level of guessing" in head
    assert "300" in head


def test_one_arm_of_several_seeds_shows_mean_and_spread(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path / "runs" / f"only-seed{seed}", seed=seed, negatives=False)
    text = Page(write_report(tmp_path / "runs").read_text("utf-8")).text
    assert "Mean of 3 seeds" in text
    assert "0.966" in text  # of 0.970, 0.966, 0.962
    assert "0.962 – 0.970" in text


def test_is_written_whole_and_the_same_twice(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    first = write_report(run).read_bytes()
    out = write_report(run, tmp_path / "elsewhere" / "page.html")
    assert out.read_bytes() == first
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]


def test_a_damaged_file_leaves_no_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (run / "corpus" / "ledger.json").write_text('{"stages": [{"name"', "utf-8")
    with pytest.raises(Mistake, match="cannot be read") as caught:
        write_report(run)
    assert caught.value.where.endswith("ledger.json")
    assert not (run / "report.html").exists()


def test_the_command_says_where_the_page_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run")
    assert cli(["report", str(run)]) == 0
    assert capsys.readouterr().out == f"written to {run / 'report.html'}\n"
    assert cli(["report", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err
