"""Updates the generated parts of docs/privacy.md (`python -m infra.privacy`)."""

from __future__ import annotations

from infra.privacy.page import FILE, PARTS, classified_fields, with_generated_parts


def main() -> None:
    """Writes the page, and prints the number of fields."""
    FILE.write_text(with_generated_parts(FILE.read_text()))
    print(f"{FILE.name}: {sum(1 for _ in classified_fields())} fields, {len(PARTS)} generated parts")


if __name__ == "__main__":
    main()
