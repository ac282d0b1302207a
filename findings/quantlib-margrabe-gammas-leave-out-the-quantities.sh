#!/usr/bin/env bash
# QuantLib 1.44, Python 3.11.
#
# MargrabeOption(2, 3, ...) is the right to give 3 of B for 2 of A, and AnalyticEuropeanMargrabeEngine its closed form.
# NPV, delta1 and delta2 count the quantities. gamma1 and gamma2 do not count them all: each is that of one unit too few,
# gamma1 a half and gamma2 a third of the second difference of NPV. theta is wrong as well. With quantities of 1, as in
# the usual examples, all of them are right, so that nothing shows.
#
# Prints:
#   1 for 1: gamma1 0.013634, of NPV 0.013634; gamma2 0.015107, of NPV 0.015107; theta -5.510, of NPV -5.510
#   2 for 3: gamma1 0.007799, of NPV 0.015598; gamma2 0.005761, of NPV 0.017283; theta -7.124, of NPV -5.845
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'QuantLib==1.44'
cat > show.py <<'PY'
import QuantLib as ql

today = ql.Date(15, 1, 2026)
ql.Settings.instance().evaluationDate = today
count = ql.Actual365Fixed()


def process(spot, dividend, vol):
    curves = (ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count)) for rate in (dividend, 0.03))
    smile = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, count))
    return ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), *curves, smile)


def option(quantities, a=100.0, b=95.0, days=365):
    found = ql.MargrabeOption(*quantities, ql.EuropeanExercise(today + days))
    found.setPricingEngine(ql.AnalyticEuropeanMargrabeEngine(process(a, 0.02, 0.2), process(b, 0.04, 0.3), 0.5))
    return found


for quantities in ((1, 1), (2, 3)):
    at = lambda **moved: option(quantities, **moved).NPV()
    h = 0.01
    shown = option(quantities)
    gammas = [
        (at(**{name: spot + h}) - 2 * at() + at(**{name: spot - h})) / h**2 for name, spot in (("a", 100.0), ("b", 95.0))
    ]
    theta = (at(days=364) - at(days=366)) / (2 / 365)
    print(
        f"{quantities[0]} for {quantities[1]}: gamma1 {shown.gamma1():.6f}, of NPV {gammas[0]:.6f}; "
        f"gamma2 {shown.gamma2():.6f}, of NPV {gammas[1]:.6f}; theta {shown.theta():.3f}, of NPV {theta:.3f}"
    )
PY
seen=$(venv/bin/python show.py 2>/dev/null)
echo "$seen"
expected='1 for 1: gamma1 0.013634, of NPV 0.013634; gamma2 0.015107, of NPV 0.015107; theta -5.510, of NPV -5.510
2 for 3: gamma1 0.007799, of NPV 0.015598; gamma2 0.005761, of NPV 0.017283; theta -7.124, of NPV -5.845'
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
