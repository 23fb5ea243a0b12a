"""The two sample companies: Blue Lagoon Pools with 80 customers, and Desert Springs Pools with 6."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.local.sample_company import regulars
from infra.local.sample_company.records import Company, CompletedService, Customer, Service
from infra.local.sample_company.work import completed_for
from infra.local.sample_people import BLUE_LAGOON, DESERT_SPRINGS

_ZIP_CODES = {
    "Brandon": "33511",
    "Clearwater": "33755",
    "Largo": "33770",
    "Lutz": "33548",
    "Riverview": "33578",
    "St. Petersburg": "33701",
    "Tampa": "33602",
}
_PEOPLE = """\
Wendy Abbott, 4 Egret Court, Tampa
Marcus Bell, 118 Cypress Bend, Brandon
Yolanda Brooks, 77 Mangrove Way, St. Petersburg
Curtis Caldwell, 2209 Bayshore Boulevard, Tampa
Deborah Chang, 15 Heron Landing, Lutz
Patrick Connolly, 640 Gulf View Drive, Clearwater
Simone Dubois, 9 Hibiscus Lane, Largo
Theodore Ellison, 301 Orange Grove Road, Riverview
Fatima Farouk, 52 Sawgrass Circle, Tampa
Gregory Fields, 1840 Lakeshore Drive, Lutz
Hannah Goldberg, 23 Coral Terrace, St. Petersburg
Ricardo Guzman, 715 Seminole Trail, Brandon
Ingrid Hansen, 6 Dolphin Point, Clearwater
Walter Hughes, 430 Magnolia Street, Tampa
Keiko Ito, 88 Jasmine Court, Riverview
Vanessa Jennings, 12 Pelican Cove, St. Petersburg
Nathan Kowalski, 2750 Fletcher Avenue, Tampa
Beatrice Lindgren, 19 Sandpiper Lane, Largo
Oscar Maldonado, 507 Live Oak Drive, Brandon
Charlotte McAllister, 33 Osprey Ridge, Lutz
Dmitri Morozov, 1611 Harbor Place, Clearwater
Abigail Nakamura, 84 Citrus Park Lane, Tampa
Edward O'Brien, 260 Shamrock Road, Riverview
Leticia Ochoa, 7 Bougainvillea Court, Tampa
Raymond Pearson, 929 Sunset Key, St. Petersburg
Nadia Rahman, 41 Turtle Creek, Brandon
Franklin Russo, 1302 Cleveland Street, Clearwater
Monica Salazar, 68 Windward Passage, Largo
Jerome Sanders, 220 Plantation Boulevard, Lutz
Olivia Schroeder, 3 Marina Bay, St. Petersburg
Anil Srinivasan, 956 Bloomingdale Avenue, Riverview
Joanna Tanner, 27 Palmetto Street, Tampa
Victor Underwood, 1480 Channelside Drive, Tampa
Lucinda Vargas, 35 Manatee Run, Brandon
Harold Whitaker, 512 Belleview Boulevard, Clearwater
Xin Zhao, 90 Lotus Pond Road, Lutz"""
_COMPANIES = """\
Bayside Palms Hotel, 100 Gulf Boulevard, Clearwater
Harbor Point Homeowners Association, 1 Harbor Point Drive, Tampa
Sunset Key Condominiums, 900 Sunset Key, St. Petersburg
Cypress Bend Apartments, 120 Cypress Bend, Brandon
The Flamingo Motor Lodge, 4410 Seminole Boulevard, Largo
Lakeshore Swim and Tennis Club, 1900 Lakeshore Drive, Lutz
Magnolia Gardens Senior Living, 455 Magnolia Street, Tampa
Riverview Family YMCA, 610 Orange Grove Road, Riverview
Grand Egret Resort and Spa, 2 Egret Court, Tampa
Osprey Ridge Community Association, 30 Osprey Ridge, Lutz
Blue Heron Day Camp, 18 Heron Landing, Lutz
Tampa Bay Aquatic Center, 2400 Fletcher Avenue, Tampa
Palmetto Street Fitness, 25 Palmetto Street, Tampa
Channelside Lofts, 1500 Channelside Drive, Tampa"""
_LONG = (
    "The Palmetto Preserve at Hunters Green Master Homeowners Association and Recreational Facilities Trust of "
    "Greater Hillsborough County, Incorporated"
)

MARIA = Customer(
    id="cust_456",
    first_name="Maria",
    last_name="Lopez",
    email="maria.lopez@example.com",
    phone="+18135550123",
    street="12 Palm Way",
)
"""The customer of the commands that `make run` prints."""
CLEANING = Service("svc_001", "Weekly pool cleaning", "1", "75.00")
"""The service that those commands bill."""
_COVER = Service("svc_cover", "Winter cover", "1", "120.00")


def _person(number: int, row: str) -> Customer:
    name, street, city = row.split(", ")
    first, last = name.split(maxsplit=1)
    email = f"{first}.{last}@example.com".replace("'", "").lower()
    return Customer(
        id=f"cust_{number}",
        first_name=first,
        last_name=last,
        email=email,
        phone=f"+1 813 555 0{number}",
        street=street,
        city=city,
        zip_code=_ZIP_CODES[city],
    )


def _company(number: int, row: str) -> Customer:
    name, street, city = row.split(", ")
    return Customer(
        id=f"cust_{number}",
        company_name=name,
        email=f"accounts@{name.replace(' ', '-').lower()}.example",
        phone=f"+1 813 555 0{number}",
        street=street,
        city=city,
        zip_code=_ZIP_CODES[city],
    )


def _unusual() -> Iterator[Customer]:
    """Yields customers with unusual names, addresses and currencies, which test the screens."""
    yield Customer(
        id="cust_251",
        company_name=_LONG,
        email="treasurer@palmetto-preserve-master-homeowners-association.example",
        street="1 Preserve Boulevard, Recreational Facilities, Building C, Second Floor",
        zip_code="33647",
    )
    yield Customer(
        id="cust_252",
        first_name="José Ángel",
        last_name="Núñez-Güell",
        email="jose.nunez@example.com",
        street="5 Calle Ibérica",
    )
    yield Customer(
        id="cust_253",
        first_name="محمد",
        last_name="الحداد",
        email="m.alhaddad@example.com",
        street="31 Date Palm Drive",
    )
    yield Customer(id="cust_254", first_name="Ruth", last_name="Applegate", street="8 Quiet Water Lane", city="Lutz")
    yield Customer(
        id="cust_255", first_name="Grace", last_name="Kim", email="kim.family@example.com", street="44 Lagoon Court"
    )
    yield Customer(
        id="cust_256", first_name="Daniel", last_name="Kim", email="kim.family@example.com", street="44 Lagoon Court"
    )
    yield Customer(
        id="cust_257",
        first_name="Élise",
        last_name="Gagnon",
        email="elise.gagnon@example.com",
        street="1280 rue Sherbrooke",
        city="Montréal",
        state="QC",
        zip_code="H3G 1H6",
        country="CA",
        currency="cad",
    )
    yield Customer(
        id="cust_258",
        company_name="Maple Leaf Winter Homes",
        email="office@maple-leaf-winter-homes.example",
        street="77 Front Street",
        city="Toronto",
        state="ON",
        zip_code="M5J 1E3",
        country="CA",
        currency="cad",
    )
    yield Customer(
        id="cust_259",
        company_name="Ferienhaus Seeblick GmbH",
        email="buchhaltung@ferienhaus-seeblick.example",
        street="Uferstraße 9",
        city="Lindau",
        state="BY",
        zip_code="88131",
        country="DE",
        currency="eur",
    )


def _blue_lagoon() -> Company:
    other_customers = (
        *(_person(number, row) for number, row in enumerate(_PEOPLE.splitlines(), start=201)),
        *(_company(number, row) for number, row in enumerate(_COMPANIES.splitlines(), start=237)),
        *_unusual(),
    )
    of_maria = (CompletedService(MARIA, CLEANING, 1, "Kim Nguyen"), CompletedService(MARIA, _COVER, 4, "Luis Ortega"))
    customers = (*regulars.CUSTOMERS, *other_customers, MARIA)
    return Company(
        "Blue Lagoon Pools", customers, (*regulars.completed_services(), *_work(other_customers), *of_maria)
    )


def _desert_springs() -> Company:
    names = ("Alma Begay", "Cody Dawson", "Elena Fuentes", "Grant Hollis", "Ivy Jensen", "Kirk Lawson")
    customers = tuple(
        Customer(
            id=f"cust_{number}",
            first_name=first,
            last_name=last,
            email=f"{first}.{last}@example.com".lower(),
            street=f"{number} Saguaro Road",
            city="Palm Desert",
            state="CA",
            zip_code="92260",
        )
        for number, (first, last) in enumerate((name.split() for name in names), start=901)
    )
    return Company("Desert Springs Pools", customers, _work(customers))


def _work(customers: Sequence[Customer]) -> tuple[CompletedService, ...]:
    return tuple(each for position, customer in enumerate(customers) for each in completed_for(position, customer))


COMPANIES: dict[str, Company] = {BLUE_LAGOON: _blue_lagoon(), DESERT_SPRINGS: _desert_springs()}
"""The companies by the id of the organization in POM."""
