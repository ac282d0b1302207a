"""Selection of the device that computes each block."""

from contextlib import AbstractContextManager

from greeks_cli.engine.backends.backend import HOST, Device
from greeks_cli.engine.backends.cupy import Gpu, gpus
from greeks_cli.engine.compiler.elementary import in_place
from greeks_cli.terms.errors import GpuFailed
from greeks_cli.terms.simulation import ExecutorName, Sampler, Simulation


def devices(simulation: Simulation) -> tuple[Device, ...]:
    """The devices that a simulation's blocks are dealt out to: the processor alone, one GPU, or all GPUs.

    Raises GpuFailed where a GPU is wanted, by its name or for its random numbers, and none works.
    """
    match simulation.device, simulation.sampler:
        case "cpu", _:
            return (processor(simulation),)
        case "cuda", _:
            return gpus()
        case "auto", Sampler.PHILOX:
            return gpus()
        case "auto", _:
            return _gpus_if_any() or (processor(simulation),)
    return (_numbered(int(simulation.device.partition(":")[2])),)


def processor(simulation: Simulation) -> Device:
    """The executor of a simulation on this machine's processor."""
    if simulation.executor is not ExecutorName.JIT:
        return HOST
    from greeks_cli.engine.backends.compiled import compiled  # NumPy's executor has no need of it

    return compiled()


def arithmetic(simulation: Simulation) -> AbstractContextManager[None]:
    """Computes by the elementary functions of a simulation's executor, in this thread."""
    return in_place(processor(simulation).functions)


def device_of(simulation: Simulation, block: int) -> Device:
    """The device of one block."""
    among = devices(simulation)
    return among[block % len(among)]


def on_processor(simulation: Simulation) -> bool:
    """True if this machine computes all blocks on the processor; a missing GPU raises no error."""
    own_stream = simulation.sampler is Sampler.PHILOX
    return simulation.device == "cpu" or (simulation.device == "auto" and not own_stream and not _gpus_if_any())


def described() -> str:
    """Description of the GPUs that work, or the reason why none does."""
    try:
        return "; ".join(gpu.describe() for gpu in gpus())
    except GpuFailed as why:
        return f"none: {why}" + (f" ({' '.join(why.reason.split())})" if why.reason else "")


def _gpus_if_any() -> tuple[Gpu, ...]:
    try:
        return gpus()
    except GpuFailed:
        return ()


def _numbered(number: int) -> Gpu:
    found = gpus()
    if number >= len(found):
        raise GpuFailed(f"there is no GPU number {number}; use one of {', '.join(gpu.name for gpu in found)}")
    return found[number]
