"""Print results as a Markdown table, with the machine that they were measured on."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that can be pasted into the README."""
    print(f"\n**{title}** ({machine()})\n")
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(row) + " |")


def machine() -> str:
    """Name the processor, its cores, the memory and how busy the machine was."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[0]
    name = model.group(1).strip() if model else platform.machine()
    return f"{os.cpu_count()} cores of {name}, {memory_gb:.0f} GB, load {load:.1f} at the end"
