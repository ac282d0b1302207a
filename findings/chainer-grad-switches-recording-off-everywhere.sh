#!/usr/bin/env bash
# Chainer 7.8.1, NumPy 1.26.4, Python 3.11.
#
# `chainer.grad(outputs, inputs)` without `enable_double_backprop` sets the thread's `enable_backprop` to False while
# it runs, not only for the gradients that it returns. Whatever a FunctionNode's `backward` computes meanwhile, of
# other Variables that have nothing to do with these gradients, is left without a graph too, in silence. A graph that
# is built lazily there, and kept, is a constant for ever: `chainer.grad` of it returns None, which also means
# "does not depend on it", so that a derivative that should be 6 reads as 0. Which call comes first decides.
#
# Prints:
#   kept graph made while differentiating for the last time: derivative None
#   kept graph made while differentiating once more: derivative 6.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
echo 'setuptools<81' > constraints.txt
PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
    venv/bin/pip install -q --disable-pip-version-check 'chainer==7.8.1' 'numpy==1.26.4' 'setuptools<81'
cat > show.py <<'PY'
import warnings

warnings.simplefilter("ignore")
import chainer
import numpy as np


class Identity(chainer.FunctionNode):
    """Passes x on; its backward also makes the square of another Variable, and keeps it."""

    def __init__(self, other, kept):
        self.other, self.kept = other, kept

    def forward(self, inputs):
        return inputs

    def backward(self, indexes, gradients):
        self.kept.append(self.other * self.other)
        return gradients


def derivative_of_kept(once_more):
    x, other, kept = chainer.Variable(np.array([1.0])), chainer.Variable(np.array([3.0])), []
    (y,) = Identity(other, kept).apply((x,))
    chainer.grad([y], [x], enable_double_backprop=once_more)
    (slope,) = chainer.grad([kept[0]], [other])
    return None if slope is None else float(slope.array[0])


print("kept graph made while differentiating for the last time: derivative", derivative_of_kept(False))
print("kept graph made while differentiating once more: derivative", derivative_of_kept(True))
PY
seen=$(venv/bin/python show.py 2>/dev/null)
echo "$seen"
expected='kept graph made while differentiating for the last time: derivative None
kept graph made while differentiating once more: derivative 6.0'
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
