"""The bodies of requests and responses, with fields in camelCase. Each is mapped explicitly from or to the domain."""
