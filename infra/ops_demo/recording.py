"""The metrics of a night of `make ops-demo`, recorded to draw the dashboard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.cloudwatch.datapoints import Datapoint, Datapoints, Key
from infra.local.cloudwatch.watch import Watch

FILE = Path(__file__).parent / "night.json"


@dataclass(frozen=True)
class Recording:
    """All data points in seconds since the start, when each act began, and which alarms fired."""

    datapoints: Datapoints
    seconds: int
    acts: Sequence[tuple[int, str]]
    fired: frozenset[str]

    @classmethod
    def of(cls, watch: Watch, acts: Sequence[tuple[float, str]]) -> Recording:
        """Returns a recording of a watch's data points."""
        started_at = watch.began_at
        datapoints = Datapoints(
            Datapoint(key, round(at - started_at, 1), round(value, 3))
            for key in watch.datapoints.keys()  # noqa: SIM118 it is no mapping
            for at, value in watch.datapoints.of(key)
        )
        act_starts = [(round(at - started_at), name) for at, name in acts]
        return cls(
            datapoints, round(watch.clock.now() - started_at), act_starts, frozenset(watch.alarms.ever_notified)
        )

    @classmethod
    def read(cls, file: Path = FILE) -> Recording:
        """Returns the recording in a file."""
        document = json.loads(file.read_text())
        datapoints = Datapoints(
            Datapoint(Key.of(each["namespace"], each["name"], each["dimensions"]), at, value)
            for each in document["series"]
            for at, value in each["values"]
        )
        return cls(
            datapoints,
            document["seconds"],
            [(at, name) for at, name in document["acts"]],
            frozenset(document["fired"]),
        )

    def write(self, file: Path) -> None:
        """Writes the recording to a file, with one line for each metric."""
        series = [
            {
                "namespace": key.namespace,
                "name": key.name,
                "dimensions": dict(sorted(key.dimensions)),
                "values": self.datapoints.of(key),
            }
            for key in sorted(self.datapoints.keys(), key=lambda key: (key[0], key[1], sorted(key[2])))
        ]
        lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in series)
        head = json.dumps({"seconds": self.seconds, "acts": self.acts, "fired": sorted(self.fired)})
        file.write_text(f'{head[:-1]}, "series": [\n{lines}\n]}}\n')
