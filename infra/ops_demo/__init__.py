"""Four failures in one night, with the alarms that fire and the run books that an operator follows."""

DEFECT = "POM_DEMO_DEFECT"
"""The environment variable that names a file. A defect is deployed while the file exists."""
