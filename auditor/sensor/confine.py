"""What a sensor gives up once it has started: files that it does not need (Landlock), and every other privilege.

Landlock (landlock(7)), ``no_new_privs`` and capabilities belong to a thread, and the threads that it starts inherit
them: so all of this comes before the first one. What the kernel does not have is left out and told; the sensor goes on.
"""

from __future__ import annotations

import ctypes
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CAP_NET_RAW = 13
"""All that capturing needs: AF_PACKET sockets, rings, promiscuous membership."""
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls; their numbers are the same on every architecture that we build for."""
_VERSION = 1
_PATH_BENEATH = 1
_SET_NO_NEW_PRIVS, _CAPBSET_DROP, _CAP_AMBIENT, _AMBIENT_CLEAR_ALL = 38, 24, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << n for n in range(4))
_BY_ABI = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 4: 1 << 15, 5: 1 << 16}
"""One bit above the rights that each version of the interface has; later versions have those of the last."""
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
"""The rights that a rule for a file, not a folder, may name."""
_MAKE_DEVICES = 1 << 6 | 1 << 11


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


class Allowed(NamedTuple):
    """Files and folders, each with all that is below it. What is not there is left out."""

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    """Read, too; make, rename and delete."""
    run: tuple[Path, ...] = ()
    """Read, too."""


class Confined(NamedTuple):
    """What became of it, for the log."""

    landlock: int | None
    """The version of the kernel's interface; ``None`` where files are not confined."""
    capabilities: frozenset[int]
    """Those that we have still."""
    left_out: tuple[str, ...]
    """What could not be done, in sentences."""


def landlock_version() -> int | None:
    """Return the version of the kernel's Landlock; ``None`` where there is none, or it is switched off."""
    version = int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))
    return version if version > 0 else None


def confine(allowed: Allowed, *, keep: Iterable[int] = (CAP_NET_RAW,)) -> Confined:
    """Give up what is not allowed, for this thread and all that it starts. It cannot be taken back.

    Raises:
        OSError: if the kernel refuses what it has: a bug of ours, or a filter of system calls that is too narrow.
    """
    left_out: list[str] = []
    _prctl(_SET_NO_NEW_PRIVS, 1)
    version = landlock_version()
    if version is None:
        left_out.append("this kernel has no Landlock, or it is switched off: files are not confined")
    else:
        restrict_files(allowed, version)
    return Confined(version, drop_capabilities(keep, left_out), tuple(left_out))


def restrict_files(allowed: Allowed, version: int) -> None:
    """Let this thread use nothing but the allowed files."""
    _prctl(_SET_NO_NEW_PRIVS, 1)  # Without it the kernel asks for CAP_SYS_ADMIN.
    every = _BY_ABI.get(version, _BY_ABI[max(_BY_ABI)]) - 1
    look = _READ_FILE | _READ_DIR
    ruleset = _call(_CREATE_RULESET, ctypes.byref(_Ruleset(every)), ctypes.sizeof(_Ruleset), 0)
    try:
        rules = ((allowed.read, look), (allowed.run, look | _EXECUTE))
        for paths, rights in (*rules, (allowed.write, every & ~_EXECUTE & ~_MAKE_DEVICES)):
            for path in paths:
                _allow(ruleset, path, rights & every)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(_Beneath(rights, descriptor)), 0)
    finally:
        os.close(descriptor)


def capabilities() -> frozenset[int]:
    """Return the capabilities that this thread has in effect."""
    return _held("effective")


def _held(which: str) -> frozenset[int]:
    sets = (_Sets * 2)()
    _check(_libc().capget(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), sets))
    return frozenset(n for n in range(64) if getattr(sets[n // 32], which) >> n % 32 & 1)


def drop_capabilities(keep: Iterable[int], left_out: list[str] | None = None) -> frozenset[int]:
    """Give up every capability but these, also for programs that are started; return what is left."""
    kept = frozenset(keep)
    try:
        for number in range(_LAST_CAPABILITY + 1):
            if number not in kept and not _drop_bound(number):
                break  # The last one that this kernel has was before it.
    except PermissionError:
        # Without CAP_SETPCAP. With no_new_privs no program that is started gains any by it.
        if left_out is not None and os.geteuid() == 0:
            left_out.append("the bounding set of capabilities stays as it is")
    _prctl(_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    mine = capabilities() & kept
    if not (_held("permitted") | _held("inheritable")) - kept:
        return mine  # A service manager gave no more: nothing is to be dropped, and its filter may forbid to.
    sets = (_Sets * 2)()
    for number in mine:
        sets[number // 32].effective |= 1 << number % 32
        sets[number // 32].permitted |= 1 << number % 32
    _check(_libc().capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), sets))
    return mine


def _drop_bound(number: int) -> bool:
    try:
        _prctl(_CAPBSET_DROP, number)
    except PermissionError:
        raise
    except OSError:
        return False
    return True


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _check(_libc().syscall(ctypes.c_long(number), *words))


def _prctl(option: int, argument: int) -> None:
    zero = ctypes.c_ulong(0)
    _check(_libc().prctl(option, ctypes.c_ulong(argument), zero, zero, zero))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
