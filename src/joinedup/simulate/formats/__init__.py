"""The agencies' data in their own formats, besides the plain tables.

``forms(as_at)`` gives the text files, ``render(setting)`` a block's part of each; the one workbook
is ``annex_a``'s.
"""

from datetime import date

from joinedup.simulate.formats import (
    cin,
    crime,
    csc_api,
    ctf,
    fhir,
    school_census,
    ssda903,
    vaccination,
)
from joinedup.simulate.formats.form import Files, Form, Setting
from joinedup.simulate.formats.health_care import HealthService
from joinedup.simulate.formats.occurrences import Police
from joinedup.simulate.formats.schooling import Schools

__all__ = ["Files", "Form", "Setting", "forms", "render"]


def forms(as_at: date) -> list[Form]:
    """Every text file there is, as it stands on a day."""
    return [
        cin.form(as_at), *ssda903.FORMS, csc_api.FORM, *school_census.forms(as_at),
        ctf.form(as_at), fhir.FORM, vaccination.FORM, *crime.FORMS,
    ]  # fmt: skip


def render(setting: Setting) -> dict[str, bytes]:
    """A block's part of every file, by path; empty where the block has nothing for it."""
    schools = Schools(setting.rates, setting.seed, setting.block, setting.lives)
    pupils = school_census.pupils(setting, schools)
    health = HealthService(setting)
    return {
        cin.PATH: cin.render(setting),
        **ssda903.render(setting),
        csc_api.PATH: csc_api.render(setting),
        **school_census.render(setting, pupils),
        ctf.PATH: ctf.render(setting, schools, pupils),
        fhir.PATH: fhir.render([(row, health.of(row)) for row in setting.rows["health"]]),
        vaccination.PATH: vaccination.render(setting, schools),
        **crime.render(setting, Police(setting)),
    }
