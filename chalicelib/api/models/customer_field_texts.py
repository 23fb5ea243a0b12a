"""The descriptions of a customer's fields, which requests and responses share."""

from __future__ import annotations

STREET = "The street and the house number."
STREET2 = "A second line for the street, such as the number of an apartment."
CITY = "The city."
STATE = "The state or the province, as in a postal address."
ZIP_CODE = "The ZIP code or the postal code."
COUNTRY = "The country, preferably as a two-letter code (ISO 3166-1), such as `US`."

FIRST_NAME = "The first name."
LAST_NAME = "The last name."
COMPANY_NAME = "The name of the company, if the customer is a company."
EMAIL = "The e-mail address to which Stripe sends invoices."
PHONE = "The phone number."
