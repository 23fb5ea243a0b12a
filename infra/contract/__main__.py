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
    """Compares the documents, prints the changes, and writes the documents. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.contract", description=__doc__)
    parser.add_argument("--breaking", action="store_true", help="write documents that break clients, too")
    options = parser.parse_args(arguments)
    current_documents = [(each, each.current()) for each in DOCUMENTS]
    changes_by_document = {kept.name: kept.changes(current) for kept, current in current_documents}
    for change in (change for changes in changes_by_document.values() for change in changes):
        print(change)
    breaking = {name: sum(change.breaking for change in changes) for name, changes in changes_by_document.items()}
    if any(breaking.values()) and not options.breaking:
        total = sum(breaking.values())
        print(f"{total} changes break clients: nothing was written. See docs/contract.md.", file=sys.stderr)
        return 1
    write_routes()
    for kept, current in current_documents:
        kept.file.write_text(text(current))
        summary = f"{len(changes_by_document[kept.name])} changes, {breaking[kept.name]} of them breaking"
        print(f"{kept.name}: {summary}, {len(json.dumps(current))} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
