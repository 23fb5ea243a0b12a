"""CloudWatch for the local stack: the metrics that it would hold, and the template's own alarms judged on them.

`expressions` is metric math, `datapoints` what was measured, `alarms` how an alarm judges it, `sources` where the
local stack's metrics come from, and `watch` puts them on a clock that can be moved, so that 20 minutes of silence
need none. Tests judge alarms with the same code.
"""
