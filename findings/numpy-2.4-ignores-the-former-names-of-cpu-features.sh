#!/usr/bin/env bash
# NumPy 2.3.5 and 2.4.6, Python 3.11, x86-64 with AVX-512 (on another processor the script says so and ends).
#
# NPY_DISABLE_CPU_FEATURES turns off vectorised code, and with it shows how the last bits of exp differ between kinds
# of processors. In NumPy 2.4 the features are groups: AVX512F, AVX512CD and AVX512_SKX are now X86_V4. The former
# names are still taken, without an error and without a visible warning (an ImportWarning, which Python hides), and
# turn nothing off: a test of reproducibility that passes them compares AVX-512 with AVX-512, and always agrees.
#
# Prints:
#   NumPy 2.3.5, former names: exp has other bits
#   NumPy 2.4.6, former names: exp has the same bits
#   NumPy 2.4.6, X86_V4: exp has other bits
set -euo pipefail
grep -qm1 avx512_skx /proc/cpuinfo || grep -qm1 avx512dq /proc/cpuinfo || { echo "no AVX-512 here"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 2.3.5 2.4.6; do
    python3 -m venv "$version"
    "$version/bin/pip" install -q --disable-pip-version-check "numpy==$version"
done
cat > bits.py <<'PY'
import hashlib

import numpy as np

print(hashlib.sha256(np.exp(np.linspace(-20, 20, 4096)).tobytes()).hexdigest())
PY
former="AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
compare() {
    usual=$("$1/bin/python" bits.py 2>/dev/null)
    other=$(NPY_DISABLE_CPU_FEATURES="$3" "$1/bin/python" bits.py 2>/dev/null)
    [ "$usual" = "$other" ] && same="the same" || same="other"
    echo "NumPy $1, $2: exp has $same bits"
}
seen=$(compare 2.3.5 "former names" "$former"; compare 2.4.6 "former names" "$former"; compare 2.4.6 X86_V4 "X86_V4 AVX512_ICL AVX512_SPR")
echo "$seen"
expected='NumPy 2.3.5, former names: exp has other bits
NumPy 2.4.6, former names: exp has the same bits
NumPy 2.4.6, X86_V4: exp has other bits'
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
