"""Everything that POM holds of a customer, for the person who asks for it."""
