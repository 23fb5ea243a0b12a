"""The office of the person's company. It writes the person into every personal text field of every request."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.api.client import ApiClient, Response
from tests.privacy.contract import THE_PERSONS, label_of
from tests.privacy.person import address, found_in
from tests.world import OFFICE, ORGANIZATION


@dataclass
class TypedTexts:
    """The texts that the office typed, and the texts of refusals that it received."""

    texts: set[tuple[str, str]] = field(default_factory=set)
    """The request and the place of each text of the person's that was sent and taken."""
    refusals: list[Response] = field(default_factory=list)


@dataclass
class PersonsOffice(ApiClient):
    """Sends each request with the person in it. An e-mail address that a story leaves out on purpose stays out."""

    typed: TypedTexts = field(default_factory=TypedTexts)

    def acting(self, *roles: str, organization: str = ORGANIZATION, user: str = OFFICE) -> ApiClient:
        return PersonsOffice(self.app, self.issuer, organization, user, roles, typed=self.typed)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Response:
        label = label_of(method, path)
        written = set[str]()
        if isinstance(body, dict) and label in THE_PERSONS:
            body = copy.deepcopy(body)
            for place, text in THE_PERSONS[label].items():
                written |= {place for _ in _write(body, place, text)}
        answer = super().call(method, path, body, **options)
        if answer.status < 300:
            query = {each.partition("=")[0] for each in path.partition("?")[2].split("&")}
            written |= query & set(THE_PERSONS.get(label, ()))
            self.typed.texts |= {(label, place) for place in written}
        elif answer.status >= 400:
            self.typed.refusals.append(answer)
        return answer


def as_the_persons(email: str) -> str:
    """Returns the person's own address in place of one of a story. Another one of the story is another one here."""
    return email if found_in(email) else address("maildomain", email.partition("@")[0])


def _write(holder: dict[str, Any], place: str, text: str) -> Iterator[None]:
    """Writes the text into its place, and yields once for each. A list that is not there is not made."""
    name, _, remaining_path = place.partition(".")
    if name.endswith("[]"):
        for each in holder.get(name[:-2]) or ():
            yield from _write(each, remaining_path, text)
    elif remaining_path:
        yield from _write(holder.setdefault(name, {}), remaining_path, text)
    elif name != "email":
        holder[name] = text
        yield
    elif holder.get(name) is not None:
        holder[name] = as_the_persons(holder[name])
        yield
