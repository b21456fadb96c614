"""Names of ``tests.hub.discovery.region``, for modules that are read before Django is set up."""

from joinedup.people.nhs_number import check_digit

EDUCATION, HEALTH = "education.details", "health.details"
CARE, POLICE = "childrens-services.details", "crime-justice.details"


def numbers(count: int, start: int = 999_004_000) -> list[str]:
    """So many valid numbers of the range for tests."""
    found: list[str] = []
    while len(found) < count:
        digit = check_digit(str(start))
        if digit is not None:
            found.append(f"{start}{digit}")
        start += 1
    return found


SUI, OTHER_SUI = numbers(2)
