"""Reuse of memory between blocks.

glibc returns large freed arrays to the kernel at once, and fetching zeroed pages anew for
every block costs more than the arithmetic on them (measured: three times the whole run).
"""

import ctypes
import platform
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES = 1 << 25  # the largest that glibc accepts for M_MMAP_THRESHOLD


@cache
def keep_freed_memory() -> None:
    """Tells glibc to keep freed memory for reuse; does nothing with any other C library."""
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_TRIM_THRESHOLD, _KEEP_BYTES)
    mallopt(_M_MMAP_THRESHOLD, _KEEP_BYTES)
