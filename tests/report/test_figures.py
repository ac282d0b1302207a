"""Figures of every contract and number of Greeks: no text is cut or touches another; legends, titles and units."""

from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from greeks_cli.report.figures.convergence import convergence_figure
from greeks_cli.report.figures.drawing import image, inline_svg, styled
from greeks_cli.report.figures.profile import figure_of
from greeks_cli.report.units import superscripted, wrapped_unit
from greeks_cli.run.profile import profile
from greeks_cli.terms.axis import parse_axis
from greeks_cli.terms.building import build_request
from greeks_cli.terms.greek import NAMED
from greeks_cli.terms.results.studies import ConvergenceStudy, Point
from greeks_cli.terms.units import Units

LONG = {
    "kind": "formula",
    "payoff": "max(mean(S) - K, 0) if S[-1] > 95 else where(min(S) < 80, max(K - S[-1], 0), 0.5 * abs(S[-1] - K))",
    "param": {"K": 100},
    "fixings": 4,
}
LONG_UNITS = "d(spot,spot,vol,vol),d(spot,vol,rate,dividend_yield)"
BARRIER = {"kind": "barrier", "strike": 100, "barrier": 80, "barrier_type": "down-out", "monitoring": 12, "rebate": 5}


def along(contract, greeks, *axes):
    request = build_request(contract, {"vol": 0.2}, {"paths": 512}, greeks)
    return profile(request, [parse_axis(axis) for axis in axes])


def rung(study, greek, paths, width=None, error=0.1):
    return Point(study, greek, paths, width, 1.0, error, error / 3, 1.05)


def ladder(names, paths=(1000, 10_000, 100_000)):
    request = build_request({"strike": 100}, {"vol": 0.2}, {}, names)
    found = [request.greeks[i].name for i in range(len(request.greeks))]
    return ConvergenceStudy(
        request,
        tuple(rung("paths", name, n, error=n**-0.5) for name in found for n in paths),
        tuple(rung("sobol", name, n, error=1 / n) for name in found for n in paths),
        tuple(rung("width", name, 1000, w, error=w**2) for name in found[1:] for w in (0.5, 1.0, 2.0)),
        1.0,
    )


FIGURES = {
    "one curve": lambda: figure_of(along({"strike": 100}, "price", "spot=80:120:5")),
    "two curves of a barrier": lambda: figure_of(along(BARRIER, "gamma", "spot=90:120:4")),
    "six curves": lambda: figure_of(along({"strike": 100}, "delta,gamma,vega,theta,rho", "spot=80:120:5")),
    "all Greeks": lambda: figure_of(along({"strike": 100}, "all", "vol=0.1:0.3:2"), Units.MARKET),
    "a long formula": lambda: figure_of(along(LONG, "gamma,d(spot,spot,K)", "spot=90:110:2")),
    "large numbers": lambda: figure_of(along({"strike": 1e6}, "d(spot,spot,vol,vol)", "spot=8e5:1.2e6:3")),
    "long units": lambda: figure_of(along({"strike": 100}, LONG_UNITS, "dividend_yield=0:0.1:5"), Units.MARKET),
    "long units of a surface": lambda: figure_of(
        along({"strike": 100}, LONG_UNITS, "spot=90:110:3", "dividend_yield=0:0.1:3"), Units.MARKET
    ),
    "a narrow range far from 0": lambda: figure_of(
        along({"strike": 20000}, "delta,gamma", "spot=19900:20100:5"), Units.RAW, [NAMED["delta"], NAMED["gamma"]]
    ),
    "a very narrow range": lambda: figure_of(along({"strike": 100}, "delta,gamma", "vol=0.2,0.200001")),
    "a narrow surface": lambda: figure_of(along({"strike": 1e5}, "delta", "spot=99990:100010:3", "vol=0.1,0.2")),
    "one surface": lambda: figure_of(along({"strike": 100}, "price", "spot=80:120:5", "vol=0.1:0.3:4")),
    "three surfaces": lambda: figure_of(
        along({"strike": 1e4}, "gamma,d(spot,spot,vol)", "spot=9e3:1.1e4:3", "vol=0.1:0.2:2")
    ),
    "a flat surface": lambda: figure_of(along({"kind": "cliquet"}, "gamma", "spot=90:110:3", "vol=0.1:0.2:2")),
    "a ladder": lambda: convergence_figure(ladder("gamma")),
    "one rung": lambda: convergence_figure(ladder("gamma", (32,))),
    "a long ladder": lambda: convergence_figure(ladder("gamma,vanna,volga,d(spot,spot,vol,vol)")),
}


def visible_texts(figure, renderer):
    """Every drawn text with its box, in dots."""
    for text in figure.findobj(Text):
        halo = text.get_path_effects()  # the numbers of contours lie on lines, and may lie on each other
        if text.get_visible() and text.get_text().strip() and not halo:
            yield text, text.get_window_extent(renderer)


@pytest.mark.parametrize("name", FIGURES)
@styled
def test_no_text_is_cut_or_touches_another(name):
    figure = FIGURES[name]()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page = figure.bbox
    boxes = []
    for axes in figure.axes:  # ticks beyond the ends are not drawn
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                for label in (tick.label1, tick.label2):
                    label.set_visible(bool(low <= tick.get_loc() <= high) and label.get_visible())
    for text, box in visible_texts(figure, canvas.get_renderer()):
        assert page.x0 <= box.x0, text
        assert box.x1 <= page.x1, text
        assert page.y0 <= box.y0, text
        assert box.y1 <= page.y1, text
        boxes.append((text, box))
    assert len(boxes) > 10
    for (one, box), (other, other_box) in combinations(boxes, 2):
        assert not box.overlaps(other_box), f"{one} touches {other}"


@pytest.mark.parametrize("paths", [(32,), (30, 120), (30, 1000), (1000, 1500), (16, 10**6)], ids=str)
@styled
def test_every_logarithmic_axis_has_numbers_to_read_it_by(paths):
    figure = convergence_figure(ladder("gamma", paths))
    FigureCanvasAgg(figure).draw()
    axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    assert len(axes) >= 4
    for axis in axes:
        low, high = axis.get_view_interval()
        shown = [tick.label1.get_text() for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        assert 2 <= len(set(shown)) == len(shown) < 9, shown


def test_slope_guide_needs_two_numbers_of_paths():
    assert ">slope -1/2<" in inline_svg(convergence_figure(ladder("gamma")))
    assert "slope -1/2" not in inline_svg(convergence_figure(ladder("gamma", (32,))))


def test_studies_share_one_legend_entry_of_the_standard_error():
    text = inline_svg(convergence_figure(ladder("gamma")))
    assert text.count(">standard error, random paths<") == 1
    assert ">standard error<" not in text


def test_a_figure_is_the_same_file_every_time():
    found = along({"strike": 100}, "gamma", "spot=90:110:3")
    for kind in ("svg", "pdf", "png"):
        assert image(figure_of(found), kind) == image(figure_of(found), kind)
    assert inline_svg(figure_of(found)).startswith("<svg")


def test_panels_are_the_greeks_asked_for_with_their_units():
    found = along({"strike": 100}, "gamma,vega", "spot=90:110:3")
    text = inline_svg(figure_of(found, Units.MARKET, [NAMED["vega"]]))
    for part in (
        ">vega<",
        ">per vol point<",
        ">spot (currency)<",
        "spot 90 to 110, vol 0.2",
        ">seed 0 | greeks ",
        ">closed form<",
    ):
        assert part in text
    assert ">gamma<" not in text


@pytest.mark.parametrize("payoff", [" + ".join(["max(S[-1] - K, 0)"] * 20), "+".join(["max(S[-1]-K,0)"] * 20)])
def test_a_long_formula_is_shortened_in_its_middle_and_keeps_its_terms(payoff):
    contract = {"kind": "formula", "payoff": payoff, "param": {"K": 100, "L": 95}, "fixings": 4, "expiry": 2}
    title = " ".join(figure_of(along(contract, "delta", "spot=90:110:2")).get_suptitle().split("\n"))
    contract = title.partition(" spot 90 to 110")[0]
    assert contract.startswith(f"formula {payoff[:30]}")
    assert " ... " in contract
    assert contract.endswith(", K 100, L 95, 4 fixings, expiry 2y")


def test_legend_names_only_drawn_lines():
    def entries(found):
        return [text.get_text() for legend in figure_of(found).legends for text in legend.get_texts()]

    surface = along({"strike": 100}, "gamma", "spot=95:105:3", "vol=0.2:0.3:3")
    assert entries(surface) == ["Monte Carlo", "closed form"]
    flat = along({"strike": 1000}, "gamma", "spot=99:101:3", "vol=0.01:0.02:3")
    assert not {"Monte Carlo", "closed form"} & {*entries(flat)}


def test_units_are_printed_with_raised_powers():
    assert superscripted("1e-6 per spot^2 per (vol point)^2") == "10⁻⁶ per spot² per (vol point)²"
    assert superscripted("currency") == "currency"


def test_long_units_are_broken_before_a_per():
    assert wrapped_unit("1e-6 per spot per vol point per 1% dividend yield") == (
        "10⁻⁶ per spot per vol point\nper 1% dividend yield"
    )
