"""`make contract`: write `docs/openapi.json` anew, and say what changes for clients.

Exits with 1, and writes nothing, if a change would break a client, unless `--breaking` says that it may.
"""

from __future__ import annotations

import argparse
import json
import sys

from infra.contract.comparison import changes
from infra.contract.document import FILE, current, reviewed, text


def main(arguments: list[str] | None = None) -> int:
    """Compares, tells and writes."""
    parser = argparse.ArgumentParser(prog="python -m infra.contract", description=__doc__)
    parser.add_argument("--breaking", action="store_true", help="write a document that breaks clients, too")
    options = parser.parse_args(arguments)
    document = current()
    found = changes(reviewed(), document) if FILE.exists() else []
    for change in found:
        print(change)
    breaking = sum(change.breaking for change in found)
    if breaking and not options.breaking:
        print(f"{breaking} changes break clients: nothing was written. See docs/contract.md.", file=sys.stderr)
        return 1
    FILE.write_text(text(document))
    print(f"{FILE.name}: {len(found)} changes, {breaking} of them breaking, {len(json.dumps(document))} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
