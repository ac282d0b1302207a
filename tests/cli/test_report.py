import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from greeks_cli.terms.books.book_row import TradeRow
from greeks_cli.terms.contracts.catalogue import ON_ONE
from tests.cli.pages import CONFIGS, EVIL, HEADER, TRADE, TWO


@pytest.mark.parametrize("name", ["book.toml", "book.json", "book.csv", "book.jsonl", "sweep.toml", "atm_call.toml"])
def test_every_config_has_a_report(report, name):
    outcome, page = report(CONFIGS / name, "--market", str(CONFIGS / "market.toml"), "--paths", "2000")
    assert outcome == (0, "", "")
    assert name in page.text


def test_a_lone_trade_is_headed_by_its_contract(report):
    _, page = report(CONFIGS / "atm_call.toml", "--paths", "2000")
    assert "<h2>European call, strike 100, expiry 1y</h2>" in page.source
    assert page.text.count("strike 100, expiry 1y") == 1


def test_results_and_their_book_have_the_same_pages_of_trades(results, greeks, tmp_path):
    found = []
    for file in (results(TWO), tmp_path / "book.toml"):
        greeks("report", str(file), "-o", str(tmp_path / "report.html"), "--quiet")
        found.append(re.findall(r"<article.*?</article>", (tmp_path / "report.html").read_text(), re.DOTALL))
    assert found[0] == found[1]
    assert [page.count("<svg") for page in found[0]] == [6, 6]
    assert [page.count("Monte Carlo") > 0 for page in found[0]] == [False, True]


def test_pages_have_the_digits_of_the_terminal(results, report, greeks):
    _, page = report(results(HEADER + TRADE.format('"A"')))
    printed = greeks("price", "--strike", "100", "--vol", "0.2", "--paths", "2000").out
    numbers = re.findall(r"-?\d+\.\d+", printed.partition("price")[2])
    assert len(numbers) > 30
    assert all(number in page.text for number in numbers)
    table = greeks("batch", str(CONFIGS / "book.toml"), "--format", "table").out
    _, page = report(CONFIGS / "book.toml")
    cells = re.findall(r"\S+ ± \S+", table)
    assert len(cells) > 10
    assert all(cell.replace("± ", "±\N{NO-BREAK SPACE}") in page.text for cell in cells)


@pytest.mark.parametrize("estimator", ["likelihood", "mixed"])
def test_estimators_without_smoothing_are_not_called_free_of_bias(results, report, estimator):
    text = "greeks = 'gamma'\n" + HEADER + f"estimator = '{estimator}'\n" + TRADE.format('"A"')
    _, page = report(results(text))
    assert "no smoothing bias; what bias there is bounds unseen events and time steps." in page.text
    assert "no bias" not in page.text


def test_manifest_is_shown_if_it_belongs_to_the_results(results, report):
    out = results(TWO)
    _, page = report(out)
    manifest = json.loads(Path(f"{out}.manifest.json").read_text())
    assert next(iter(manifest["inputs"].values())) in page.text
    assert manifest["started"] in page.text
    manifest["trades"]["A"] = "another"
    Path(f"{out}.manifest.json").write_text(json.dumps(manifest))
    assert "is of other results" in report(out)[1].text
    Path(f"{out}.manifest.json").write_text("[1]")
    assert "is no manifest" in report(out)[1].text
    Path(f"{out}.manifest.json").unlink()
    assert "There is no results.jsonl.manifest.json" in report(out)[1].text


def test_failed_trades_and_missed_tolerances_are_on_the_page_and_stderr(report, tmp_path):
    text = HEADER + "[accuracy]\nmax_paths = 4000\n" + TRADE.format('"good"')
    text += TRADE.format('"bad"') + "strkie = 1\n" + TRADE.format('"tight"') + 'tol = "gamma=0.01%"\n'
    (tmp_path / "book.toml").write_text(text)
    outcome, page = report(tmp_path / "book.toml")
    assert outcome.code == 3
    assert "1 of 3 trades failed: bad" in outcome.err
    assert "1 of 3 trades missed a --tol: tight" in outcome.err
    assert "3 trades, 1 failed, 1 missed a tolerance" in page.text
    assert page.text.count("strkie: unknown key; did you mean 'strike'?") == 2
    assert "the tolerance gamma=0.01%" in page.text
    assert "4,000 paths" in page.text


def test_names_cannot_become_markup(results, report):
    text = HEADER + f"[[trade]]\nid = '''{EVIL}'''\nstrike = 100\n[[trade]]\nid = '''{EVIL}2'''\n'{EVIL}' = 1\n"
    out = results(text)
    manifest = json.loads(Path(f"{out}.manifest.json").read_text())
    manifest["command"], manifest[EVIL] = [EVIL], {EVIL: EVIL}
    Path(f"{out}.manifest.json").write_text(json.dumps(manifest))
    evil = out.rename(out.with_name("<script>alert(1)<script>.jsonl"))
    Path(f"{out}.manifest.json").rename(f"{evil}.manifest.json")
    _, page = report(evil, curves=True)
    assert (len(page.of("script")), page.of("img")) == (1, [])
    assert not any(
        name.startswith("on") for element in ("a", "td", "th", "div") for a in page.of(element) for name in a
    )
    assert page.text.count(EVIL) > 8
    anchors = {attributes["id"] for attributes in page.of("article")}
    assert len(anchors) == 2
    assert {attributes["href"].removeprefix("#") for attributes in page.of("a")} >= anchors
    assert all(re.fullmatch(r"trade-[\w.%~-]+", anchor) for anchor in anchors)


def test_the_page_loads_nothing_and_runs_its_own_script_alone(report):
    _, page = report(CONFIGS / "book.toml", "--paths", "2000")
    policy = next(a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    for element, attributes in page.found:
        assert "src" not in attributes
        assert "style" not in attributes, element
        assert attributes.get("href", "#").startswith(("#", "data:,"))


def test_rows_of_every_contract_give_their_request_back(greeks, tmp_path):
    examples = [{"id": kind, "kind": kind, **model.example} for kind, model in ON_ONE.items()]
    (tmp_path / "book.jsonl").write_text("\n".join(map(json.dumps, examples)))
    rows = greeks("batch", str(tmp_path / "book.jsonl"), "--vol", "0.2", "--paths", "512", "--greeks", "delta").out
    assert len(rows.splitlines()) == len(ON_ONE)
    for line in rows.splitlines():
        row = TradeRow.model_validate_json(line)
        request = row.request()
        assert request.contract.model_dump(mode="json") == row.contract
        assert request.market.model_dump(mode="json") == row.market
        assert [greek.name for greek in request.greeks] == ["price", "delta"]


def test_curves_are_in_the_units_of_the_rows(results, greeks, tmp_path):
    text = "greeks = 'vega'\n" + HEADER + TRADE.format('"A"')
    found = []
    for units in ("raw", "market"):
        out = results(text, "--units", units, "--restart")
        greeks("report", str(out), "-o", str(tmp_path / "report.html"))
        page = (tmp_path / "report.html").read_text()
        vega = page[page.index("<b>vega</b>") :]
        found.append((re.search(r'class="curve" points="([^"]+)"', vega)[1], re.search(r"per [^,<]+", vega)[0]))
    assert found[0][0] == found[1][0]  # the same curve
    assert [unit for _, unit in found] == ["per 1.00 vol", "per vol point"]


def test_profiles_flag_limits_simulated_curves(report, tmp_path):
    trades = "".join(TRADE.format(f'"{i}"') + 'kind = "asian"\n' for i in range(3))
    (tmp_path / "book.toml").write_text("greeks = 'delta'\n" + HEADER + trades)
    outcome, page = report(tmp_path / "book.toml", "--profiles", "1", curves=True)
    assert outcome.code == 0
    assert len(page.of("svg")) == 2
    assert page.text.count("as many as --profiles 1 allows") == 2


def test_unfinished_results_show_the_finished_trades(results, report):
    out = results(TWO)
    first, second, _ = out.read_text().split("\n")
    partial = out.with_name("results.jsonl.partial")
    partial.write_text(first + "\n" + second[:40])
    outcome, page = report(partial)
    assert outcome.code == 0
    assert "1 trade, 0 failed" in page.text
    assert "is torn, and left out" in page.text
    assert "These results are unfinished" in page.text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"id": "C", "status": "ok"', "results.jsonl:3: no row of results: Expecting"),
        ('{"id": "C", "status": "ok"}', "results.jsonl:3: no row of results: key: Field required"),
        ('{"id": "A", "status": "error", "key": "k", "error": "e"}', "results.jsonl: A: this trade is there twice"),
        ('{"id": "C", "status": "ok", "key": NaN}', "results.jsonl:3: no row of results: NaN is not a number"),
        ("[" * 100_000, "results.jsonl:3: no row of results: "),
    ],
)
def test_line_that_is_no_row_of_results_is_named(results, report, line, told):
    out = results(TWO)
    out.write_text(out.read_text() + line + "\n")
    outcome, page = report(out)
    assert (outcome.code, page) == (2, None)
    assert told in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_rows_of_another_version_are_shown_without_curves(results, report):
    out = results(HEADER + TRADE.format('"A"'))
    row = json.loads(out.read_text())
    row["contract"]["colour"] = "<b>blue</b>"
    out.write_text(json.dumps(row) + "\n")
    outcome, page = report(out, curves=True)
    assert outcome.code == 0
    assert "its contract is none of this version: contract.colour: unknown key" in page.text
    assert "colour <b>blue</b>" in page.text
    assert page.of("svg") == []


def test_pricing_flags_are_refused_for_results(results, report):
    outcome, page = report(results(TWO), "--paths", "1e4", "--units", "market", "--total")
    assert (outcome.code, page) == (2, None)
    assert [line.split(":")[1] for line in outcome.err.splitlines()] == [" --units", " --total", " --paths"]


def test_file_that_is_no_book_is_refused_in_one_line(results, report, tmp_path, greeks):
    csv = tmp_path / "results.csv"
    greeks("batch", str(CONFIGS / "book.toml"), "-o", str(csv), "--paths", "512")
    outcome, _ = report(csv)
    assert (outcome.code, len(outcome.err.splitlines())) == (2, 1)
    assert "results without their contracts" in outcome.err
    assert report(tmp_path / "none.jsonl")[0].code == 2
    assert report(results(TWO), "--out", str(tmp_path / "page.txt"))[0].code == 2
    html = tmp_path / "results.html"
    results(TWO).rename(html)
    assert "would be overwritten, and is read" in greeks("report", str(html), "-o", str(html)).err


def test_report_reads_stdin_and_writes_stdout(results):
    rows = results(TWO).read_bytes()
    command = [sys.executable, "-m", "greeks_cli", "report", "-", "--no-profiles"]
    done = subprocess.run(command, input=rows, capture_output=True, check=True)
    assert done.stderr == b""
    assert done.stdout.startswith(b"<!DOCTYPE html>")
    assert b"manifest.json" not in done.stdout


def test_a_book_without_a_valid_trade_has_its_reasons_on_the_page(report, tmp_path):
    (tmp_path / "book.toml").write_text(
        HEADER + TRADE.format('"A"') + "expiry = -1\n" + TRADE.format('"B"') + "vol = -1\n"
    )
    outcome, page = report(tmp_path / "book.toml", "--total")
    assert outcome.code == 3
    assert "2 trades, 2 failed" in page.text
    assert "None: trades 'A', 'B' have no result: a sum would be partial; correct the trade, or leave it" in page.text
