"""The report as a reader sees it: on a screen, on a telephone, in the dark, on paper, without a script."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser import Browser, installed

pytestmark = pytest.mark.skipif(installed() is None, reason="no Chromium or Chrome is installed")

EVIL = '"><img src=x onerror=alert(1)>'
BOOK = {
    "greeks": "delta,gamma,vega,theta,rho",
    "market": {"vol": 0.2},
    "simulation": {"paths": 512},
    "trade": [
        {"id": "call", "strike": 105},
        {"id": "10 %/ü", "strike": 100, "vol": 0.3},
        {"id": EVIL, "kind": "asian", "strike": 100},
        {"id": "bad", "strike": -1},
        *({"id": f"put-{i}", "type": "put", "strike": 80 + i} for i in range(15)),
    ],
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "book.json").write_text(json.dumps(BOOK))
    command = [sys.executable, "-m", "greeks_cli", "report", "book.json", "-o", "page.html", "--processes", "1"]
    assert subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 3
    return (folder / "page.html").as_uri()


@pytest.fixture(scope="module")
def chromium():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium, address):
    """At its end the page has said nothing, and has asked for nothing but itself."""
    yield chromium
    assert chromium.console == []
    assert {request.partition("#")[0] for request in chromium.requests} == {address}


def first_column(browser):
    return browser.value(
        "[...document.querySelectorAll('.sortable tbody tr')].map(row => row.querySelector('th a').textContent)"
    )


def column(browser, title):
    return browser.value(
        f"""(() => {{
            const table = document.querySelector('.sortable');
            const at = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent.startsWith('{title}'));
            return [...table.tBodies[0].rows].map(row => row.cells[at].dataset.value ?? row.cells[at].textContent);
        }})()"""
    )


def shown(browser, selector):
    return browser.value(f"document.querySelector(`{selector}`).getClientRects().length > 0")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("anchor", ["", "#trade-call", "#manifest"])
def test_page_fits_the_screen_and_is_readable(browser, address, width, dark, anchor):
    browser.open(address + anchor, width, dark=dark)
    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") <= width
    colours = "getComputedStyle(document.body)"
    paper, ink = (browser.value(f"{colours}.{name}") for name in ("backgroundColor", "color"))
    assert (brightness(paper) < brightness(ink)) is dark
    assert abs(brightness(paper) - brightness(ink)) > 150
    if anchor == "#trade-call":
        label = "getComputedStyle(document.querySelector('.trade:target .labels text'))"
        assert abs(brightness(browser.value(f"{label}.fill")) - brightness(paper)) > 80
        size = "document.querySelector('.trade:target .labels text').getBoundingClientRect().height"
        assert browser.value(size) > 9  # pixels


def brightness(colour):
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) / 3


def test_wide_table_scrolls_inside_the_page(browser, address):
    browser.open(address, 390)
    assert browser.value(
        "document.querySelector('.scroll').scrollWidth > document.querySelector('.scroll').clientWidth"
    )


def test_row_borders_scroll_with_sticky_names(browser, address):
    browser.open(address, 390)
    style = "getComputedStyle(document.querySelector('.sortable tbody th'))"
    assert browser.value(f"{style}.position") == "sticky"
    assert browser.value(f"{style}.borderCollapse") == "separate"  # else the lines belong to the table, and scroll away


def test_the_table_is_sorted_by_mouse_and_by_keyboard(browser, address):
    browser.open(address)
    in_order = first_column(browser)
    heading = "[...document.querySelectorAll('.sortable thead th')].find(cell => cell.textContent.startsWith('price'))"
    browser.value(f"{heading}.querySelector('button').click()")
    prices = [float(price) for price in column(browser, "price") if price != "-"]
    assert prices == sorted(prices)
    assert len(prices) == len(in_order) - 1
    assert column(browser, "price")[-1] == "-"
    assert browser.value(f"{heading}.getAttribute('aria-sort')") == "ascending"
    browser.value(f"{heading}.querySelector('button').focus()")
    browser.press("Enter", 13)
    assert column(browser, "price") == [*(f"{price:.12g}" for price in reversed(prices)), "-"]
    assert browser.value(f"{heading}.getAttribute('aria-sort')") == "descending"
    browser.press("Enter", 13)
    assert first_column(browser) == in_order
    assert browser.value(f"{heading}.getAttribute('aria-sort')") is None
    browser.value("document.querySelector('.sortable thead button').click()")
    names = [name for name in first_column(browser) if name.startswith("put-")]
    assert names == [f"put-{i}" for i in range(15)]  # by number, not by letter


@pytest.mark.parametrize(("words", "count"), [("PUT 93", 1), ("±", 0), ("calleuropean", 0), ("call european", 2)])
def test_search_words_filter_trades(browser, address, words, count):
    browser.open(address)
    browser.value("document.querySelector('input').focus()")
    browser("Input.insertText", text=words)
    visible = "[...document.querySelectorAll('.sortable tbody tr')].filter(row => !row.hidden).length"
    assert browser.value(visible) == count
    assert browser.value("document.querySelector('[role=status]').textContent") == f"{count} of 19"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
@pytest.mark.parametrize("name", ["call", "10 %/ü", EVIL, "bad"])
def test_every_trade_has_a_page_and_a_way_back(browser, address, name, script):
    browser.open(address, script=script)
    link = f"[...document.querySelectorAll('.sortable a')].find(link => link.textContent === {json.dumps(name)})"
    assert shown(browser, ".sortable")
    browser.value(f"{link}.click()")
    assert browser.value("document.querySelector('.trade:target h2').textContent") == name
    assert shown(browser, ".trade:target h2")
    assert not shown(browser, ".sortable")
    assert browser.value("[...document.querySelectorAll('.trade')].filter(page => page.offsetHeight).length") == 1
    browser.value("document.querySelector('.trade:target nav a').click()")
    assert shown(browser, ".sortable")


def test_table_without_script_is_in_the_order_of_the_book(browser, address):
    browser.open(address, script=False)
    assert first_column(browser)[:4] == ["call", "10 %/ü", EVIL, "bad"]
    assert browser.value("document.querySelectorAll('button, input').length") == 0


def test_print_has_one_page_per_trade_and_a_white_ground(browser, address, tmp_path):
    browser.open(address, dark=True)
    browser.paper(tmp_path / "page.pdf")
    pages = (tmp_path / "page.pdf").read_bytes().count(b"/Type /Page\n")
    assert len(BOOK["trade"]) + 1 <= pages <= len(BOOK["trade"]) + 6
    browser.open(address, dark=True, media="print")
    assert brightness(browser.value("getComputedStyle(document.body).backgroundColor")) == 255
    browser.open(address + "#trade-call")
    browser.paper(tmp_path / "trade.pdf")
    assert (tmp_path / "trade.pdf").read_bytes().count(b"/Type /Page\n") == 1


def test_print_breaks_no_name_inside_a_word(browser, address):
    browser.open(address, 700, media="print")
    browser.value("document.querySelector('.sortable tbody a').textContent = 'COUNTERPARTYNORTHWIND'")
    heights = "[...document.querySelectorAll('.sortable tbody a')].slice(0, 2).map(name => name.offsetHeight)"
    long, short = browser.value(heights)
    assert long == short


def test_a_profile_can_be_read_on_a_telephone_and_in_the_dark(chromium, greeks, tmp_path):
    file = tmp_path / "profile.html"
    call = ("--strike", "100", "--vol", "0.2", "--paths", "512", "--greeks", "delta,gamma,vega")
    assert greeks("profile", *call, "--over", "spot=90:110:3", "-o", str(file)).code == 0
    for width, dark in ((390, False), (390, True), (1280, True)):
        chromium.open(file.as_uri(), width, dark=dark)
        assert chromium.value("document.documentElement.scrollWidth") <= width
        heights = "[...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height)"
        assert min(chromium.value(heights)) > 9  # pixels
        assert (brightness(chromium.value("getComputedStyle(document.body).backgroundColor")) < 128) is dark
        assert ("invert" in chromium.value("getComputedStyle(document.querySelector('svg')).filter")) is dark


def test_injected_script_does_not_run(chromium, address, tmp_path):
    page = Path(unquote(urlsplit(address).path)).read_text()
    broken = tmp_path / "broken.html"
    broken.write_text(
        page.replace("<main>", "<main><script>document.title = 'evil'</script><img src=x onerror=alert(1)>")
    )
    chromium.open(broken.as_uri())
    assert chromium.value("document.title") != "evil"
    assert "Content Security Policy" in "".join(chromium.console)


def test_a_telephone_shows_the_price_and_the_first_greek_beside_names(browser, address):
    browser.open(address, 390)
    edges = "[...document.querySelectorAll('.sortable thead th')].map(cell => cell.getBoundingClientRect().right)"
    titles = "[...document.querySelectorAll('.sortable thead th span')].map(title => title.textContent)"
    shown = [title for title, edge in zip(browser.value(titles), browser.value(edges), strict=True) if edge <= 390]
    assert shown[:3] == ["Trade", "price", "delta"]
