"""The same work in JAX: jit, reverse mode for first orders and forward over it for gamma.

The paths run in chunks that stay in the cache, their sizes the fastest of those tried; keys are JAX's default
(threefry), which was faster here than its rbg. No error bars.
"""

from collections.abc import Callable

MARKET = (100.0, 0.01, 1.0, 100.0)
"""Spot, rate, expiry, strike."""
_BETA = 10.0


def _compiled(estimates: Callable, n_paths: int, chunk: int) -> Callable[[], object]:
    import jax

    mean = jax.jit(lambda key: jax.lax.map(estimates, jax.random.split(key, n_paths // chunk)).mean(axis=0))
    keys = iter(range(10**6))
    return lambda: mean(jax.random.key(next(keys))).block_until_ready()


def european(n_paths: int, n_steps: int, chunk: int, dtype: str = "float64") -> Callable[[], Callable[[], object]]:
    """Price, delta and gamma."""

    def prepare() -> Callable[[], object]:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", dtype == "float64")
        spot, rate, T, K = MARKET
        vol, dt = 0.1, T / n_steps

        def value(spot, key):
            normals = jax.random.normal(key, (n_steps, chunk))
            end = spot * jnp.exp((rate - vol**2 / 2) * T + vol * jnp.sqrt(dt) * normals.sum(axis=0))
            return jnp.exp(-rate * T) * (jax.nn.softplus(_BETA * (end - K)) / _BETA).mean()

        def estimates(key):
            (price, delta), (_, gamma) = jax.jvp(lambda s: jax.value_and_grad(value)(s, key), (spot,), (1.0,))
            return jnp.array([price, delta, gamma])

        return _compiled(estimates, n_paths, chunk)

    return prepare


def asian(n_paths: int, fixings: int, chunk: int, dtype: str = "float64") -> Callable[[], Callable[[], object]]:
    """Price, delta, vega, rho, theta and gamma."""

    def prepare() -> Callable[[], object]:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", dtype == "float64")
        spot, rate, T, K = MARKET

        def value(parameters, key):
            spot, vol, rate, T = parameters
            times = T * jnp.arange(1, fixings + 1)[:, None] / fixings
            brownian = jnp.cumsum(jax.random.normal(key, (fixings, chunk)), axis=0) * jnp.sqrt(T / fixings)
            spots = spot * jnp.exp((rate - vol**2 / 2) * times + vol * brownian)
            return jnp.exp(-rate * T) * (jax.nn.softplus(_BETA * (spots.mean(axis=0) - K)) / _BETA).mean()

        def estimates(key):
            here, along_spot = jnp.array([spot, 0.2, rate, T]), jnp.array([1.0, 0.0, 0.0, 0.0])
            (price, first), (_, second) = jax.jvp(lambda p: jax.value_and_grad(value)(p, key), (here,), (along_spot,))
            return jnp.concatenate([price[None], first, second[:1]])

        return _compiled(estimates, n_paths, chunk)

    return prepare


def heston(n_paths: int, n_steps: int, chunk: int) -> Callable[[], Callable[[], object]]:
    """Price, delta, rho, derivatives in variance, vol of vol and correlation, and gamma, by full truncation.

    The kink of the payoff is smoothed for gamma; the root of the variance is kept off 0, where it has no derivative.
    """

    def prepare() -> Callable[[], object]:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        spot, _, T, K = MARKET
        dt, kappa, level = T / n_steps, 2.0, 0.05

        def value(parameters, key):
            spot, rate, v0, xi, rho = parameters
            normals = jax.random.normal(key, (n_steps, 2, chunk))

            def step(state, z):
                x, v = state
                at_least = jnp.maximum(v, 1e-12)
                root = jnp.sqrt(at_least * dt)
                along = rho * z[0] + jnp.sqrt(1 - rho * rho) * z[1]
                x = x + (rate - 0.5 * at_least) * dt + root * along
                return (x, v + kappa * (level - at_least) * dt + xi * root * z[0]), None

            start = jnp.full(chunk, jnp.log(spot)), jnp.full(chunk, v0)
            (x, _), _ = jax.lax.scan(step, start, normals)
            excess = jnp.exp(x) - K
            return jnp.exp(-rate * T) * (jax.nn.softplus(excess) * 1.0).mean()

        at = tuple(map(jnp.float64, (spot, 0.02, 0.04, 0.3, -0.7)))
        along = tuple(map(jnp.float64, (1.0, 0.0, 0.0, 0.0, 0.0)))

        def estimates(key):
            (price, slopes), (_, curved) = jax.jvp(lambda p: jax.value_and_grad(value)(p, key), (at,), (along,))
            return jnp.array([price, *slopes, curved[0]])

        return _compiled(estimates, n_paths, chunk)

    return prepare


def basket(n_paths: int, spots: tuple[float, ...], vols: tuple[float, ...], rho: float, chunk: int) -> Callable:
    """The Hessian of an arithmetic basket call in its spots, by ``jax.hessian``; the kink is smoothed."""

    def prepare() -> Callable[[], object]:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        _, rate, T, K = MARKET
        n = len(spots)
        lower = jnp.linalg.cholesky(jnp.full((n, n), rho) + (1 - rho) * jnp.eye(n))
        vol = jnp.array(vols)[:, None]

        def value(spot, key):
            normals = lower @ jax.random.normal(key, (n, chunk))
            ends = spot[:, None] * jnp.exp((rate - vol**2 / 2) * T + vol * jnp.sqrt(T) * normals)
            return jnp.exp(-rate * T) * jax.nn.softplus(ends.mean(axis=0) - K).mean()

        def estimates(key):
            return jax.hessian(value)(jnp.array(spots), key)

        return _compiled(estimates, n_paths, chunk)

    return prepare
