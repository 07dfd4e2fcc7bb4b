"""CPU time by the kernel's accounting: of a web server's process tree, and of a PostgreSQL server with all its backends."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int(_stat(int(entry.name))[1]) == pid:
                    found.append(int(entry.name))
            except (OSError, ValueError):
                continue  # it ended while we looked
    return found


def seconds_of_tree(pid: int) -> float:
    """CPU seconds (user and system) that `pid`, its living descendants and its reaped children have used so far."""
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    own = sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS
    return own + sum(seconds_of_tree(child) for child in _children(pid))
