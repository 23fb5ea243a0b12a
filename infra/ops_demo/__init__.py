"""Four things that go wrong at night, told with the alarms that ring and the run books that are followed."""
