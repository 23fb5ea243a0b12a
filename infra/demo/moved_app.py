"""The application on a clock that can be moved, each function held to its policy as IAM would hold it."""

from infra.demo import moved_clock
from infra.local.enforced import app

__all__ = ["app"]

moved_clock.install()
moved_clock.moves_records(app)
