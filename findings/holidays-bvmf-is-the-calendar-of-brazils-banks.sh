#!/usr/bin/env bash
# holidays 0.108, QuantLib 1.44, Python 3.11.
#
# holidays lists BVMF, the ISO 10383 code of Brazil's exchange B3, among its financial markets. Its days are those of
# Brazil's banks (ANBIMA), the days that bus/252 counts: B3 has no session on 24 December and on the last weekday of a
# year, which are working days here. A daily schedule of fixings of a Brazilian share has two dates without a price
# almost every year. QuantLib has both calendars: BVMF equals its Brazil(Settlement), not its Brazil(Exchange).
#
# Prints:
#   days of 2026 to 2030 on which BVMF differs from the calendar of banks: none
#   days of 2026 to 2030 on which BVMF differs from the calendar of the exchange:
#   2026-12-24 2026-12-31 2027-12-24 2027-12-31 2028-12-29 2029-12-24 2029-12-31 2030-12-24 2030-12-31
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'holidays==0.108' 'QuantLib==1.44'
cat > show.py <<'PY'
from datetime import date, timedelta

import holidays
import QuantLib as ql

market = holidays.financial_holidays("BVMF", years=range(2026, 2031))
first = date(2026, 1, 1)
days = [first + timedelta(days=count) for count in range((date(2031, 1, 1) - first).days)]


def differing(kind):
    peer = ql.Brazil(kind)
    found = [day for day in days if market.is_working_day(day) != peer.isBusinessDay(ql.Date.from_date(day))]
    return " ".join(map(str, found)) or "none"


print("days of 2026 to 2030 on which BVMF differs from the calendar of banks:", differing(ql.Brazil.Settlement))
print("days of 2026 to 2030 on which BVMF differs from the calendar of the exchange:")
print(differing(ql.Brazil.Exchange))
PY
seen=$(venv/bin/python show.py 2>/dev/null)
echo "$seen"
expected='days of 2026 to 2030 on which BVMF differs from the calendar of banks: none
days of 2026 to 2030 on which BVMF differs from the calendar of the exchange:
2026-12-24 2026-12-31 2027-12-24 2027-12-31 2028-12-29 2029-12-24 2029-12-31 2030-12-24 2030-12-31'
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
