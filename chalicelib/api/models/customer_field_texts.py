"""What the contract says about the fields of a customer, which requests and answers share."""

from __future__ import annotations

STREET = "The street and the number of the house."
STREET2 = "A second line for the street, such as the number of a flat."
CITY = "The city."
STATE = "The state or the province, as it is written on a letter."
ZIP_CODE = "The ZIP code or the postal code."
COUNTRY = "The country, best as a code of two letters (ISO 3166), such as US."

FIRST_NAME = "The first name."
LAST_NAME = "The last name."
COMPANY_NAME = "The name of the company, if the customer is one."
EMAIL = "The address that Stripe e-mails invoices to."
PHONE = "The phone number, as it is dialled."
