"""`make contract`: writes `docs/openapi.json`, `docs/asyncapi.json` and the table of routes in `docs/api.md`.

Prints each change and whether it breaks clients.

Exits with 1, and writes nothing, if a change would break a client, unless `--breaking` says that it may.
"""

from __future__ import annotations

import argparse
import json
import sys

from infra.contract.api_page import write_routes
from infra.contract.document import DOCUMENTS, text


def main(arguments: list[str] | None = None) -> int:
    """Compares, tells and writes."""
    parser = argparse.ArgumentParser(prog="python -m infra.contract", description=__doc__)
    parser.add_argument("--breaking", action="store_true", help="write documents that break clients, too")
    options = parser.parse_args(arguments)
    made = [(each, each.current()) for each in DOCUMENTS]
    found = {kept.name: kept.changes(document) for kept, document in made}
    for change in (change for changes in found.values() for change in changes):
        print(change)
    breaking = {name: sum(change.breaking for change in changes) for name, changes in found.items()}
    if any(breaking.values()) and not options.breaking:
        total = sum(breaking.values())
        print(f"{total} changes break clients: nothing was written. See docs/contract.md.", file=sys.stderr)
        return 1
    write_routes()
    for kept, document in made:
        kept.file.write_text(text(document))
        seen = f"{len(found[kept.name])} changes, {breaking[kept.name]} of them breaking"
        print(f"{kept.name}: {seen}, {len(json.dumps(document))} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
