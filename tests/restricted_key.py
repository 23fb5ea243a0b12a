"""The permissions of a restricted key, as docs/deploying.md lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "deploying.md"


@dataclass(frozen=True)
class Permission:
    """One row of the table of permissions."""

    name: str
    """Stripe's name of the permission, such as invoice_write."""
    side: str
    """"Connect" for calls that name a connected account, "platform" for the others: columns of Stripe's form."""
    writes: bool
    paths: tuple[str, ...]
    """The beginnings of the paths that the permission allows."""

    def allows(self, method: str, path: str) -> bool:
        """Returns True if the permission covers a request. A permission to write includes reads."""
        return (self.writes or method.upper() == "GET") and any(
            path == each or path.startswith(f"{each}/") for each in self.paths
        )


def permissions() -> list[Permission]:
    """Returns the table's rows."""
    [section] = re.findall(r"## A restricted key\n(.*?)\n## ", PAGE.read_text(), re.DOTALL)
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if "`/v1/" in line
    ]
    return [
        Permission(
            name=re.findall(r"`(\w+)`", row[0])[0],
            side=row[1],
            writes={"Write": True, "Read": False}[row[2]],
            paths=tuple(re.findall(r"`(/v1/\w+)`", row[3])),
        )
        for row in rows
    ]
