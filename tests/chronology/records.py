"""Records of invented children, as custodians give them."""

from datetime import UTC, datetime
from typing import Any

from joinedup.chronology.statement import Fetched
from joinedup.standards.schemas import schema

SUI = "9990000018"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def record(record_type: str, payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "recordId": "R1",
        "personId": SUI,
        "recordType": record_type,
        "version": 1,
        "schemaUri": schema(record_type)["$id"],
        "sourceSystem": "System",
        "lastUpdated": "2026-11-20",
        "contactDetails": [{"name": "Duty desk", "telephone": "0113 496 0100"}],
        "payload": payload,
        **changes,
    }


def fetched(custodian: str, record_type: str, payload: dict[str, Any], **changes: Any) -> Fetched:
    return Fetched(
        key=f"{custodian}/{record_type}",
        record=record(record_type, payload, **changes),
        custodian=custodian,
        custodian_name=f"Agency {custodian}",
        received_at=NOON,
    )


def police(custodian: str, *days: str, **more: Any) -> Fetched:
    episodes = [{"date": day} for day in days]
    return fetched(custodian, "crime-justice.details", {"missingEpisodes": episodes, **more})


def hospital(custodian: str, missed: list[str] = [], seen: list[str] = []) -> Fetched:  # noqa: B006
    return fetched(
        custodian,
        "health.details",
        {
            "registeredGP": "Sample Street Surgery",
            "missedAppointments": [{"date": day, "setting": "Hospital"} for day in missed],
            "emergencyDepartmentAttendances": [{"date": day, "reason": "Fall"} for day in seen],
        },
    )


def school(custodian: str, **attendance: float) -> Fetched:
    return fetched(
        custodian,
        "education.details",
        {
            "educationSettingName": "Redwood Example Academy",
            "yearlyEducationAttendances": [
                {
                    "academicTermYearStart": int(year[1:]),
                    "academicTermYearEnd": int(year[1:]) + 1,
                    "attendancePercentage": share,
                }
                for year, share in attendance.items()
            ],
        },
    )


def who(custodian: str, **changes: Any) -> Fetched:
    payload = {"firstName": "Rowan", "lastName": "Testerton", "dateOfBirth": "2014-03-27"}
    return fetched(custodian, "personal.details", {**payload, **changes})


def care(custodian: str, *referrals: tuple[str, str], teams: tuple[str, ...] = ()) -> Fetched:
    return fetched(
        custodian,
        "childrens-services.details",
        {
            "dutyContactDetails": ["0113 496 0100"],
            "teamInvolvement": list(teams),
            "childrensServicesReferrals": [{"date": day, "type": kind} for day, kind in referrals],
        },
    )
