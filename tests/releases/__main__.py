"""`python -m tests.releases record [--release]`: records the form of this checkout."""

from __future__ import annotations

import argparse
import datetime as dt

from tests.releases import forms
from tests.releases.recording import record_form
from tests.releases.side_by_side import git


def main() -> None:
    """Records the form under today's date, and with `--release` names its commit as the last release."""
    parser = argparse.ArgumentParser(prog="python -m tests.releases", description=__doc__)
    record = parser.add_subparsers(required=True).add_parser("record", help="record the form of this checkout")
    record.add_argument("--release", action="store_true", help="this checkout is what prod runs from now on")
    record.add_argument("--name", default=dt.datetime.now(dt.UTC).date().isoformat(), help="default: today's date")
    arguments = parser.parse_args()
    if git("diff", "--quiet", "HEAD", "--", "chalicelib", "app.py").returncode:
        parser.error("chalicelib or app.py has changes that are not committed; a form is of a commit")
    commit = git("rev-parse", "HEAD").stdout.decode().strip()
    with record_form(commit) as recording:
        forms.save(arguments.name, recording.form)
    if arguments.release:
        forms.LAST_RELEASE.write_text(f'commit = "{commit}"\ndate = "{arguments.name}"\n')
    print(f"tests/releases/{arguments.name} is the form of {commit}. Commit it.")


if __name__ == "__main__":
    main()
