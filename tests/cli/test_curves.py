"""Curves at the command line and in books: nodes by time and date, files, buckets, outputs that read back."""

import csv
import io
import json
import os

import pytest

CALL = ("--strike", "100", "--paths", "2000", "--quiet")
CURVES = ("--vol", "0.25:0.2,1:0.22", "--rate", "0.25:0.021,1:0.025")
DATED = ("--valuation-date", "2026-11-30")


def prices(greeks, *arguments):
    done = greeks("price", *CALL, "--format", "json", *arguments)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def values(document):
    return {one["name"]: one["value"] for one in document["estimates"]}


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_buckets_and_single_nodes_are_the_same_estimates(greeks):
    buckets = values(prices(greeks, *CURVES, "--greeks", "rho,vega", "--buckets"))
    assert list(buckets) == ["price", "rho", "rho[0.25]", "rho[1]", "vega", "vega[0.25]", "vega[1]"]
    single = values(prices(greeks, *CURVES, "--greeks", "rho[1],vega[0.25]"))
    assert single == {name: buckets[name] for name in ("price", "rho[1]", "vega[0.25]")}


def test_buckets_without_nodes_are_noted(greeks):
    done = greeks("price", *CALL, "--vol", "0.2", "--greeks", "rho", "--buckets")
    assert done.code == 0
    assert (
        done.err
        == "greeks: note: --buckets adds nothing: no Greek asked for is a derivative in a parameter with nodes\n"
    )


def test_configuration_files_hold_nodes_dates_and_buckets(greeks, tmp_path):
    written(tmp_path, "zero.csv", "date,zero_rate\n2027-03-18,2.1%\n2027-12-01,2.5%\n")
    config = written(
        tmp_path,
        "option.toml",
        'valuation_date = 2026-11-30\ngreeks = "rho,vega"\n[contract]\nstrike = 100\n[market]\nrate = "zero.csv"\n'
        'vol = [[2027-03-18, 0.2], ["1Y", 0.22]]\n[simulation]\nbuckets = true\n',
    )
    done = greeks("price", "--config", config, "--paths", "2000", "--quiet", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["market"]["vol"] == [["2027-03-18", 0.2], ["1Y", 0.22]]
    assert document["dates"]["valuation_date"] == "2026-11-30"
    names = ["price", "rho", "rho[2027-03-18]", "rho[2027-12-01]", "vega", "vega[2027-03-18]", "vega[1Y]"]
    assert list(values(document)) == names


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("time,zero_rate\n0.25,0.021\n1,0.025\n", [0.021, 0.025]),
        ("Time;Zero Rate (%)\n0,25;2,1\n1;2,5\n", [0.021, 0.025]),
        ("t\trate\n0.25\t210bp\n1\t250bp\n", [0.021, 0.025]),
        ("# of today\ntime,discount_factor\n0.25,0.99476375\n\n1,0.97530991\n", [0.0210, 0.0250]),
    ],
)
def test_files_are_read_as_books_are(greeks, tmp_path, text, rates):
    file = written(tmp_path, "zero.csv", text)
    found = prices(greeks, "--vol", "0.2", "--rate", file, "--greeks", "rho")["market"]["rate"]
    assert [time for time, _ in found] == [0.25, 1.0]
    assert [rate for _, rate in found] == pytest.approx(rates, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "time,discount_factor\n1,-0.2\n",
            "bad.csv:1: column 'discount_factor': '-0.2' in line 2 is no discount",
        ),
        ("time,discount_factor\n1,0\n", "'0' in line 2 is no discount factor, which is positive"),
        ("time,rate\n1,0.02\n0.5,0.01\n", "bad.csv:1: column 'time': '0.5' in line 3 must come after '1' in line 2"),
        ("date,rate\n2028-01-01,0.02\n2027-01-01,0.01\n", "'2027-01-01' in line 3 must come after '2028-01-01'"),
        ("time,rte\n1,0.02\n", "bad.csv:1: column 'rte': unknown; choose from time, date, tenor, zero_rate, discount"),
        ("time,zerorate\n1,0.02\n", "column 'zerorate': unknown; did you mean 'zero_rate'?"),
        ("time,rate,df\n1,0.02,0.98\n", "the columns 'rate' and 'df' both hold values"),
        ("time\n1\n", "no column of values, such as zero_rate or discount_factor; add one"),
        ("rate\n1\n", "no column of times, such as time, date or tenor; add one"),
        ("time,rate\n", "no nodes; write a row for each"),
        ("time,rate\n1,high\n", "'high' in line 2 is no number; write one such as 0.02 or 2%"),
        ("time,rate\nsoon,0.02\n", "'soon' in line 2 is no time, date or tenor"),
        ("time,rate\n1,2.5\n", "'2.5' in line 2 looks like per cent"),
        ("time,rate\n1\n", "bad.csv:2: a node has a cell in each of the 2 columns"),
    ],
)
def test_files_that_are_no_curves_are_refused_in_one_line(greeks, tmp_path, text, message):
    done = greeks("price", *CALL, *DATED, "--vol", "0.2", "--rate", written(tmp_path, "bad.csv", text))
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_file_that_is_not_there_is_named(greeks, tmp_path):
    done = greeks("price", *CALL, "--vol", str(tmp_path / "none.csv"))
    assert done.code == 2
    assert "no such file" in done.err
    assert "give a CSV file with columns time and vol" in done.err


def test_pipes_are_refused_where_a_file_is_read(greeks, tmp_path):
    """A named pipe that nobody writes to would be waited for without end."""
    curve, config = tmp_path / "zero.csv", tmp_path / "option.toml"
    os.mkfifo(curve)
    os.mkfifo(config)
    done = greeks("price", *CALL, "--vol", "0.2", "--rate", str(curve))
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "zero.csv: is no regular file; give a CSV file" in done.err
    done = greeks("price", "--config", str(config))
    assert (done.code, done.err) == (2, f"greeks: {config}: is a pipe; give the path of a TOML file\n")


BOOK = """\
id;strike;vol (%);rate;dividend_yield;expiry
1;100;0,25:20;zero.csv;1%;0,5
2;100;20;2,5%;"0,25:1%; 1:2%";1Y
3;100;"0,25:20;1:22";"3M:1%;2027-11-30:2%";1%;0,7
"""


def test_books_hold_nodes_in_cells_and_outputs_read_back(greeks, tmp_path):
    written(tmp_path, "zero.csv", "tenor,rate\n3M,0.021\n1Y,0.025\n")
    book = written(tmp_path, "book.csv", BOOK)
    shared = (*DATED, "--paths", "2000", "--quiet", "--greeks", "rho", "--buckets", "--format", "csv", "--wide")
    done = greeks("batch", book, *shared)
    assert done.code == 0
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["status"] for row in rows] == ["ok"] * 3
    assert rows[0]["rate"] == "3M:0.021;1Y:0.025"
    assert rows[1]["dividend_yield"] == "0.25:0.01;1.0:0.02"
    assert rows[2]["vol"] == "0.25:0.2;1.0:0.22"
    assert rows[2]["rho[2027-11-30]"]
    again = io.StringIO()
    names = ("id", "strike", "vol", "rate", "dividend_yield", "expiry", "spot")
    writer = csv.DictWriter(again, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    repeated = greeks("batch", written(tmp_path, "again.csv", again.getvalue()), *shared)
    assert [row["price"] for row in csv.DictReader(io.StringIO(repeated.out))] == [row["price"] for row in rows]


def test_underlyings_and_market_files_hold_curves(greeks, tmp_path):
    written(tmp_path, "zero.csv", "time,rate\n0.5,0.021\n1,0.025\n")
    market = written(tmp_path, "market.csv", 'underlying;spot;vol;rate\nA;100;"0,5:20%;1:22%";2%\nB;101;20%;zero.csv\n')
    book = written(
        tmp_path,
        "book.toml",
        '[[trade]]\nunderlying = "A"\nstrike = 100\n[[trade]]\nunderlying = "B"\nstrike = 100\n'
        '[[trade]]\nunderlying = "C"\nstrike = 100\n[underlying.C]\nvol = [[0.5, 0.2], [1, 0.3]]\nrate = "zero.csv"\n',
    )
    shared = ("--paths", "2000", "--quiet", "--greeks", "rho,vega", "--buckets", "--total")
    done = greeks("batch", book, "--market", market, *shared)
    assert done.code == 0, done.err
    rows = {row["id"]: row for row in map(json.loads, done.out.splitlines())}
    assert rows["1"]["market"]["vol"] == [[0.5, 0.2], [1.0, 0.22]]
    assert rows["3"]["market"]["rate"] == rows["2"]["market"]["rate"] == [[0.5, 0.021], [1.0, 0.025]]
    total = {one["name"]: one["value"] for one in rows["total[underlying=C]"]["estimates"]}
    assert total["rho[0.5]"] + total["rho[1]"] == pytest.approx(total["rho"])
    assert total["vega[0.5]"] + total["vega[1]"] == pytest.approx(total["vega"])


def test_buckets_are_money_over_several_underlyings(greeks, tmp_path):
    book = written(
        tmp_path,
        "book.jsonl",
        "".join(json.dumps({"underlying": name, "strike": 100}) + "\n" for name in "AB"),
    )
    shared = ("--paths", "2000", "--quiet", "--greeks", "delta,rho", "--buckets", "--total", *CURVES)
    *_, total = map(json.loads, greeks("batch", book, *shared).out.splitlines())
    assert [one["name"] for one in total["estimates"]] == ["price", "rho", "rho[0.25]", "rho[1]", "cash_delta"]


def test_a_wrong_curve_rejects_its_trade_alone(greeks, tmp_path):
    book = written(
        tmp_path,
        "book.toml",
        "[market]\nvol = 0.2\n[[trade]]\nstrike = 100\nrate = [[1, 0.02], [0.5, 0.01]]\n"
        '[[trade]]\nstrike = 100\nrate = "none.csv"\n[[trade]]\nstrike = 100\n',
    )
    done = greeks("batch", book, "--paths", "2000", "--quiet", "--greeks", "rho")
    assert done.code == 3
    assert [json.loads(line)["status"] for line in done.out.splitlines()] == ["error", "error", "ok"]
    assert "book.toml:5: trade '1': rate: node 0.5 must come after node 1" in done.err
    assert "book.toml:6: none.csv: no such file" in done.err


def test_a_changed_node_is_another_trade_to_the_ledger(greeks, tmp_path):
    out = str(tmp_path / "out.jsonl")

    def run_into(rate, *more):
        book = written(tmp_path, "book.jsonl", json.dumps({"strike": 100, "vol": 0.2, "rate": rate}) + "\n")
        return greeks("batch", book, *DATED, "--paths", "2000", "--greeks", "rho", "-o", out, "--quiet", *more)

    rate = [[0.5, 0.02], [1, 0.03]]
    assert run_into(rate).code == 0
    assert "finished already" in run_into(rate).err
    for changed in ([[0.5, 0.02], [1, 0.031]], [[0.5, 0.02], ["1Y", 0.03]], [[0.4, 0.02], [1, 0.03]], 0.02):
        assert "holds results of other settings, market or version for trade 1" in run_into(changed).err
    assert "holds results of other settings" in run_into(rate, "--buckets").err


def test_profiles_run_over_a_node_and_over_no_curve(greeks):
    done = greeks("profile", *CALL, *CURVES, "--over", "rate[1]=0.01:0.03:3", "--greeks", "rho", "--format", "csv")
    assert done.code == 0
    assert done.out.splitlines()[1].startswith("0.01,")
    refused = greeks("profile", *CALL, *CURVES, "--over", "rate=0.01:0.03:3")
    assert refused.code == 2
    assert refused.err == (
        "greeks: --over rate: is a curve, and no number to vary; vary a node, such as rate[1]=START:STOP:COUNT\n"
    )
    refused = greeks("profile", *CALL, *CURVES, "--over", "vol[2]=0.1:0.3:3")
    assert refused.err == "greeks: --over vol[2]: vol has no node '2'; its nodes are 0.25, 1\n"
    refused = greeks("profile", *CALL, *CURVES, "--over", "vol[1]=0.01:0.3:2")
    assert "--over vol[1]=0.01: calendar arbitrage" in refused.err


@pytest.mark.parametrize("command", [("converge", "--study", "paths"), ("check",), ("graph", "--of", "rho[1]")])
def test_other_commands_take_curves(greeks, command):
    quiet = ("--quiet",) if command[0] == "converge" else ()
    done = greeks(*command, "--strike", "100", "--paths", "4096", *CURVES, "--greeks", "rho[1],vega", *quiet)
    assert done.code == 0, done.err
    assert done.out


def test_reports_show_trades_under_dated_curves(greeks, tmp_path):
    book = written(tmp_path, "book.jsonl", json.dumps({"strike": 100, "vol": 0.2, "rate": [["1Y", 0.02]]}) + "\n")
    page = tmp_path / "book.html"
    out = str(tmp_path / "out.jsonl")
    shared = ("--paths", "2000", "--quiet")
    assert greeks("batch", book, *DATED, *shared, "-o", out).code == 0
    assert greeks("report", out, "-o", str(page), "--quiet").code == 0
    assert "rate 0.02 (1 node)" in page.read_text()
    assert "none of this version" not in page.read_text()


def test_explain_and_schema_know_nodes(greeks):
    assert "over all nodes of the curve it is rho" in " ".join(greeks("explain", "rho[1]").out.split())
    assert "log" in greeks("explain", "curves").out
    assert "--buckets" in greeks("explain", "buckets").out
    assert "no nodes" in greeks("explain", "delta[1]").err
    schema = json.loads(greeks("schema").out)
    assert "array" in [one.get("type") for one in schema["properties"]["market"]["properties"]["rate"]["anyOf"]]
    assert schema["properties"]["simulation"]["properties"]["buckets"]["type"] == "boolean"


def test_borrow_cost_is_read_from_a_file_and_differentiated_by_node(greeks, tmp_path):
    file = written(tmp_path, "fees.csv", "time,borrow (%)\n0.5,1\n2,2\n")
    found = prices(greeks, "--vol", "0.2", "--borrow", file, "--greeks", "d(borrow)", "--buckets")
    assert found["market"]["borrow"] == [[0.5, 0.01], [2, 0.02]]
    whole, *nodes = found["estimates"][1:]
    assert [node["name"] for node in nodes] == ["d(borrow[0.5])", "d(borrow[2])"]
    for of in ("value", "exact"):
        assert sum(node[of] for node in nodes) == pytest.approx(whole[of], rel=1e-12)
    asked = prices(greeks, "--vol", "0.2", "--borrow", file, "--greeks", "d(spot,borrow[2])")
    assert asked["estimates"][1]["name"] == "d(spot,borrow[2])"


def test_borrow_cost_in_the_cells_of_a_book(greeks, tmp_path):
    written(tmp_path, "fees.csv", "tenor,borrow_cost\n6M,1%\n2Y,2%\n")
    book = written(
        tmp_path, "book.csv", "strike,vol,borrow,expiry\n100,0.2,fees.csv,1\n100,0.2,6M:1%;2Y:2%,1\n100,0.2,1%,1\n"
    )
    shared = (*DATED, "--paths", "2000", "--quiet", "--greeks", "d(borrow)", "--buckets", "--format", "csv", "--wide")
    rows = list(csv.DictReader(io.StringIO(greeks("batch", book, *shared).out)))
    assert rows[0]["d(borrow[2Y])"] == rows[1]["d(borrow[2Y])"] != ""
    assert rows[2]["d(borrow[2Y])"] == ""


@pytest.mark.parametrize(
    ("options", "greek", "message"),
    [
        (
            (),
            "d(borrow[1])",
            "d(borrow[1]): borrow is not given, and has no nodes; give nodes such as --borrow 0.25:0.02",
        ),
        (("--borrow", "0.01"), "d(borrow[1])", "borrow is a number and has no nodes; leave out [1], or give nodes"),
        (("--borrow", "0.5:0.01"), "d(borrow[1])", "borrow has no node '1'; its nodes are 0.5"),
        ((), "d(borrow)", "no cost of borrowing is given; give one such as --borrow 0.01"),
    ],
)
def test_borrow_cost_without_the_node_is_refused_with_a_remedy(greeks, options, greek, message):
    done = greeks("price", *CALL, "--vol", "0.2", *options, "--greeks", greek)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
