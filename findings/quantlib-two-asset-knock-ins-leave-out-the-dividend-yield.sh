#!/usr/bin/env bash
# QuantLib 1.44, Python 3.11.
#
# A knock-in and a knock-out with the same barrier add up to the European on the first asset. By
# AnalyticTwoAssetBarrierEngine they do where the first asset has no dividend yield. Where it has one, the knock-out
# counts it, and the European that the knock-in is taken from has its price of the asset without the factor
# exp(-q T). The values of E. Haug's book, which QuantLib's tests use, are of assets without dividends.
#
# Prints:
#   yield 0.00: in 1.6062 + out 6.1002 = 7.7064, European 7.7064
#   yield 0.05: in 2.6291 + out 4.9923 = 7.6215, European 6.2137
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
count = ql.Actual360()
payoff, exercise = ql.PlainVanillaPayoff(ql.Option.Call, 100), ql.EuropeanExercise(today + 180)


def process(dividend):
    curves = (ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count)) for rate in (dividend, 0.08))
    vol = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, count))
    return ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(100)), *curves, vol)


for dividend in (0.0, 0.05):
    found = []
    for kind in (ql.Barrier.DownIn, ql.Barrier.DownOut):
        option = ql.TwoAssetBarrierOption(kind, 90, payoff, exercise)
        correlation = ql.QuoteHandle(ql.SimpleQuote(0.5))
        option.setPricingEngine(ql.AnalyticTwoAssetBarrierEngine(process(dividend), process(0.0), correlation))
        found.append(option.NPV())
    european = ql.VanillaOption(payoff, exercise)
    european.setPricingEngine(ql.AnalyticEuropeanEngine(process(dividend)))
    print(
        f"yield {dividend:.2f}: in {found[0]:.4f} + out {found[1]:.4f} = {sum(found):.4f}, European {european.NPV():.4f}"
    )
PY
seen=$(venv/bin/python show.py 2>/dev/null)
echo "$seen"
expected='yield 0.00: in 1.6062 + out 6.1002 = 7.7064, European 7.7064
yield 0.05: in 2.6291 + out 4.9923 = 7.6215, European 6.2137'
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
