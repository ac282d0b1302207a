#!/usr/bin/env bash
# aadc 2.25.2, Python 3.11, Linux x86-64.
#
# The guide inside the wheel (`aadc.llms_txt()`) says that unlicensed use "prints one line to stderr at import". The
# import prints nothing. The first recording writes the line, from C++, to standard output: into the JSON or the
# numbers of a program whose output is read by another, and `contextlib.redirect_stdout` does not catch it.
#
# Prints:
#   the guide: to stderr at import
#   by the import: 0 lines on standard output; by the first recording, under redirect_stdout: 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'aadc==2.25.2'
cat > record.py <<'PY'
import contextlib
import io

import aadc

with contextlib.redirect_stdout(io.StringIO()), aadc.record_kernel():
    x = aadc.idouble(1.0)
    x.mark_as_input()
    (x * x).mark_as_output()
PY
unset AADC_NG_LICENSE
guide=$(HOME=$folder venv/bin/python -c 'import aadc; print(" ".join(aadc.llms_txt().split()))' | grep -o 'to stderr at import' | head -1)
imported=$(HOME=$folder venv/bin/python -c 'import aadc' 2>/dev/null | wc -l)
recorded=$(HOME=$folder venv/bin/python record.py 2>/dev/null | grep -c 'Community Edition' || true)
seen="the guide: $guide
by the import: $imported lines on standard output; by the first recording, under redirect_stdout: $recorded"
echo "$seen"
expected='the guide: to stderr at import
by the import: 0 lines on standard output; by the first recording, under redirect_stdout: 1'
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
