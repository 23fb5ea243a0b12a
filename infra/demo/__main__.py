"""`make demo`: starts the local stack, plays the story, and exits with 1 if a check fails."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from rich.console import Console

from infra.demo.acts.scene import Scene
from infra.demo.narrator import Narrator
from infra.demo.people import Owner
from infra.demo.sample import COMPANY
from infra.demo.stack import demo_stack
from infra.demo.story import play
from infra.local.double_config import STRIPE_ACCOUNT
from infra.local.processes import DidNotStart

WIDTH = 118


def main() -> int:
    """Plays the story and returns the exit status."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--pause", action="store_true", help="wait for Enter before each step")
    options = parser.parse_args()
    console = Console(width=min(WIDTH, Console().width) if sys.stdout.isatty() else WIDTH)
    narrator = Narrator(console, pause=options.pause)
    narrator.title(f"{COMPANY} uses Stripe with Pool Office Manager", "everything below goes over HTTP")
    try:
        with ExitStack() as running:
            with console.status("starting the local stack"):
                stack, clock = running.enter_context(demo_stack())
            owner = Owner(stack.urls.stripe, STRIPE_ACCOUNT["account_id"])
            return 0 if play(Scene.of(stack, clock, owner, narrator)) else 1
    except DidNotStart as failure:
        console.print(f"[red]{failure}[/red]")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopping.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
