"""Four things that go wrong at night, told with the alarms that ring and the run books that are followed."""

DEFECT = "POM_DEMO_DEFECT"
"""The variable that names a file: while the file exists, a defect is deployed."""
