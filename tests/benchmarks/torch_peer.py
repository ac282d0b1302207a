"""The same work in PyTorch: eager, ``torch.autograd.grad`` and once more over it for gamma. No error bars."""

from collections.abc import Callable
from math import exp

from tests.benchmarks.jax_peer import MARKET

_BETA = 10.0


def european(n_paths: int, n_steps: int, chunk: int, dtype: str, device: str) -> Callable[[], Callable[[], object]]:
    """Price, delta and gamma."""

    def prepare() -> Callable[[], object]:
        import torch

        spot, rate, T, K = MARKET
        vol, kind = 0.1, getattr(torch, dtype)

        def estimates() -> object:
            leaf = torch.tensor(spot, dtype=kind, device=device, requires_grad=True)
            brownian = torch.randn(n_steps, chunk, dtype=kind, device=device).sum(dim=0) * (T / n_steps) ** 0.5
            end = leaf * torch.exp((rate - vol**2 / 2) * T + vol * brownian)
            price = torch.nn.functional.softplus(end - K, beta=_BETA).mean() * exp(-rate * T)
            (delta,) = torch.autograd.grad(price, leaf, create_graph=True)
            (gamma,) = torch.autograd.grad(delta, leaf)
            return torch.stack([price.detach(), delta.detach(), gamma])

        return lambda: _mean(estimates, n_paths // chunk)

    return prepare


def asian(n_paths: int, fixings: int, chunk: int, dtype: str, device: str) -> Callable[[], Callable[[], object]]:
    """Price, delta, vega, rho, theta and gamma."""

    def prepare() -> Callable[[], object]:
        import torch

        spot, rate, T, K = MARKET
        kind = getattr(torch, dtype)
        share = torch.arange(1, fixings + 1, dtype=kind, device=device)[:, None] / fixings

        def estimates() -> object:
            leaves = torch.tensor([spot, 0.2, rate, T], dtype=kind, device=device, requires_grad=True)
            s, vol, r, t = leaves
            normals = torch.randn(fixings, chunk, dtype=kind, device=device)
            brownian = torch.cumsum(normals, dim=0) * torch.sqrt(t / fixings)
            spots = s * torch.exp((r - vol**2 / 2) * t * share + vol * brownian)
            payoff = torch.nn.functional.softplus(spots.mean(dim=0) - K, beta=_BETA)
            price = torch.exp(-r * t) * payoff.mean()
            (first,) = torch.autograd.grad(price, leaves, create_graph=True)
            (second,) = torch.autograd.grad(first[0], leaves)
            return torch.cat([price.detach()[None], first.detach(), second[:1]])

        return lambda: _mean(estimates, n_paths // chunk)

    return prepare


def _mean(estimates: Callable[[], object], rounds: int) -> object:
    total = estimates()
    for _ in range(rounds - 1):
        total = total + estimates()
    return (total / rounds).tolist()  # waits for the device
