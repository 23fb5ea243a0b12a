"""`make ops-demo`: starts the local stack, breaks it on purpose, and exits with 1 if a check fails."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from infra.demo.narrator import Headings, Narrator
from infra.demo.stack import demo_stack
from infra.local.cloudwatch.watch import Watch
from infra.local.processes import DidNotStart
from infra.ops_demo import DEFECT
from infra.ops_demo.night import Night
from infra.ops_demo.recording import Recording
from infra.ops_demo.run_book import Operator

WIDTH = 118
APP = "infra.ops_demo.staged_app:app"
HEADINGS = Headings("The steps and their results", "Step", "{}")


@contextmanager
def scene(narrator: Narrator, directory: Path) -> Iterator[tuple[Night, Watch]]:
    """Yields the night with its stack, its operator and a defect that can be deployed, and the watch of the
    alarms.
    """
    defect = directory / "defect-is-deployed"
    with demo_stack(app=APP, variables={DEFECT: str(defect)}) as (stack, clock):
        watch = Watch(stack, clock)
        yield Night(stack, watch, Operator(stack, directory, narrator), defect, narrator), watch


def main() -> int:
    """Plays the night and returns the exit status."""
    parser = argparse.ArgumentParser(prog="make ops-demo", description=__doc__)
    parser.add_argument("--pause", action="store_true", help="wait for Enter before each step")
    parser.add_argument("--record", type=Path, help="write what was measured, for the dashboard's picture")
    options = parser.parse_args()
    console = Console(width=min(WIDTH, Console().width) if sys.stdout.isatty() else WIDTH)
    narrator = Narrator(console, pause=options.pause, headings=HEADINGS)
    narrator.title(
        "A bad night for POM-Stripe", "real processes, real metrics, the template's own alarms, the run books"
    )
    try:
        with (
            tempfile.TemporaryDirectory(prefix="pom-ops-demo-") as directory,
            scene(narrator, Path(directory)) as (night, watch),
        ):
            all_passed = night.tell()
            if options.record is not None:
                Recording.of(watch, night.acts).write(options.record)
            return 0 if all_passed else 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130
    except DidNotStart as failure:
        console.print(f"[red]{failure}[/red]")
        return 1


if __name__ == "__main__":
    sys.exit(main())
