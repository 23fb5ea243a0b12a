"""The data that each release stored, sent and returned, and the tests that two releases can work with it together."""
