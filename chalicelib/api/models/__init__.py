"""What goes over the wire, in camelCase, each mapped explicitly from or to the domain."""
