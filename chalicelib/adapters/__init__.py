"""The only code that talks to the outside. Imports the domain; `bootstrap` alone names what is here."""
