"""CloudWatch for the local stack: its metrics, and the template's own alarms, evaluated on these metrics.

`expressions` is metric math, `datapoints` has the measured values, `alarms` evaluates alarms, `sources` derives the
local stack's metrics, and `watch` runs all of this on a clock that can be skipped ahead, so that 20 minutes of
silence take no time. Tests evaluate alarms with the same code.
"""
