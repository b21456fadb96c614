"""DfE's children's social care API: the full payload, every child with all that was done."""

from typing import Any

import orjson

from joinedup.simulate.agency_files import Row
from joinedup.simulate.events import Placement
from joinedup.simulate.formats.cells import disability, eighteen, ethnicity, iso, why_no_upn
from joinedup.simulate.formats.form import Form, Setting
from joinedup.simulate.social_care import Episode

PATH = "childrens_services/csc_api.json"
FORM = Form(PATH, head='{"la_code": 990, "Children": [\n', between=",\n", tail="\n]}\n")
_SEXES = {"1": "M", "2": "F", "0": "U"}

Json = dict[str, Any]


def render(setting: Setting) -> bytes:
    """A block's children. Specification 0.8 has names, and no NHS number."""
    return b",\n".join(
        orjson.dumps(child(setting, row)) for row in setting.rows["childrens_services"]
    )


def child(setting: Setting, row: Row) -> Json:
    """One child as the payload has it."""
    values, person, life = row.values, row.person, setting.lives.of(row.person)
    episodes = setting.caseload.of(row)
    # A child in care has one episode; a second record of the child has no part in it.
    placed = () if "duplicate" in row.mistakes else life.care
    details: Json = {
        "first_name": values["given"], "surname": values["family"], "date_of_birth": iso(row),
        "sex": _SEXES[values["gender"]], "ethnicity": ethnicity(setting, row),
        "disabilities": [disability(setting, row)], "postcode": values["postcode"],
        "uasc_flag": person.unaccompanied, "purge": False,
    }  # fmt: skip
    if values["upn"]:
        details["unique_pupil_number"] = values["upn"]
    else:
        reason = why_no_upn(row, episodes, setting.rates.as_at)
        details["unique_pupil_number_unknown_reason"] = reason
    if person.unaccompanied:
        details["uasc_end_date"] = eighteen(person.born)
    return {
        "la_child_id": row.id, "mis_child_id": f"M{row.id[1:]}", "purge": False,
        "child_details": {name: value for name, value in details.items() if value != ""},
        "social_care_episodes": [
            _episode(f"{row.id}-{nth}", episode, placed)
            for nth, episode in enumerate(episodes, start=1)
        ],
    }  # fmt: skip


def _episode(key: str, episode: Episode, care: tuple[Placement, ...]) -> Json:
    out: Json = {
        "social_care_episode_id": key, "referral_date": episode.referred,
        "referral_source": episode.source, "closure_date": episode.closed,
        "closure_reason": episode.reason,
        "referral_no_further_action_flag": episode.no_further_action, "purge": False,
        "child_and_family_assessments": [
            {
                "child_and_family_assessment_id": f"{key}-A{n}", "start_date": one.start,
                "authorisation_date": one.authorised, "factors": list(one.factors),
            }
            for n, one in enumerate(episode.assessments, start=1)
        ],
        "child_in_need_plans": [
            {"child_in_need_plan_id": f"{key}-N{n}", "start_date": start, "end_date": end}
            for n, (start, end) in enumerate(episode.plans, start=1)
        ],
        "section_47_assessments": [
            {
                "section_47_assessment_id": f"{key}-S{n}", "start_date": one.start,
                "icpc_required_flag": one.conference is not None, "icpc_date": one.conference,
            }
            for n, one in enumerate(episode.enquiries, start=1)
        ],
        "child_protection_plans": [
            {
                "child_protection_plan_id": f"{key}-P{n}", "start_date": one.start,
                "end_date": one.end,
            }
            for n, one in enumerate(episode.protection, start=1)
        ],
        "child_looked_after_placements": [
            {
                "child_looked_after_placement_id": f"{key}-L{n}", "start_date": one.start,
                "start_reason": one.reason, "placement_type": one.place,
                "postcode": one.postcode, "end_date": one.end, "end_reason": one.ceased,
                "change_reason": one.change,
            }
            for n, one in enumerate(care, start=1)
        ],
    }  # fmt: skip
    return _filled(out)


def _filled(item: Json) -> Json:
    """Without what is empty, in the lists' items too."""
    out: Json = {}
    for name, value in item.items():
        if isinstance(value, list):
            value = [_filled(one) if isinstance(one, dict) else one for one in value]
        if value not in ("", None, []):
            out[name] = value
    return out
