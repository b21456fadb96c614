"""A handful of invented people for the real emulator."""

from pathlib import Path

from tests.pds_emulator.people import address, name, numbers, patient, write

ROWAN, ALEX, SAM_ONE, SAM_TWO = numbers(4, 9_990_010_000)


def people(folder: Path) -> Path:
    """Rowan can be found; two Sams of one birthday cannot be told apart."""
    twin = {"birthDate": "2015-06-01", "gender": "male", "address": [address("LS6 2AB")]}
    return write(
        folder,
        patient(
            ROWAN,
            name=[name("Testerton", "Rowan")],
            gender="female",
            birthDate="2014-03-27",
        ),
        patient(ALEX, name=[name("Example", "Alexandra")], birthDate="2013-11-09"),
        patient(SAM_ONE, name=[name("Doubleday", "Sam")], **twin),
        patient(SAM_TWO, name=[name("Doubleday", "Sam")], **twin),
    )
