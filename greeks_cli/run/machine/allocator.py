"""Memory of a run: arrays are reused between blocks, and modules are no garbage.

The garbage collector looks through all that the imports have made, again and again: a sixth of a small price's time.
The command line switches it off while it loads modules; a run switches it on, for objects made since.

glibc returns large freed arrays to the kernel at once, and fetching zeroed pages anew for
every block costs more than the arithmetic on them (measured: three times the whole run).
"""

import ctypes
import gc
import platform
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES = 1 << 25  # the largest that glibc accepts for M_MMAP_THRESHOLD


@cache
def prepare_memory() -> None:
    """Tells glibc, where it is there, to keep freed memory.

    Where the collector is off, as the command line leaves it, garbage of objects made from now on is collected. In
    other programs, which import this package, it stays as it is.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_TRIM_THRESHOLD, _KEEP_BYTES)
    mallopt(_M_MMAP_THRESHOLD, _KEEP_BYTES)
