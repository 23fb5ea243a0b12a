"""The entry points of queues, streams and schedules. Each is a Lambda of its own and imports only its own module."""
