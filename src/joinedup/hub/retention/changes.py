"""Opening what is archived: one information governance lead asks, another agrees."""

from joinedup.hub.approvals.changes import CannotBeDone, What, handles
from joinedup.hub.organisations.models import Membership, Role
from joinedup.hub.retention.models import Archived
from joinedup.policy.catalogue import national

OPEN_ARCHIVE = "archive.open"


def purposes() -> list[tuple[str, str]]:
    """Give the purposes for which the archive is opened: codes and names."""
    return [(code, each.name) for code, each in national().purposes.items() if each.archive]


def _check(what: What) -> None:
    if what["purpose"] not in dict(purposes()):
        raise CannotBeDone("The archive is not opened for this purpose.")
    if not Archived.objects.filter(pk=what["archived"]).exists():
        raise CannotBeDone("What was archived has been purged.")


@handles(
    OPEN_ARCHIVE,
    title="Open an archived child",
    roles={Role.INFORMATION_GOVERNANCE_LEAD},
    whose=lambda what: str(what["whose"]),
    check=_check,
)
def open_archive(what: What, by: Membership) -> None:
    """Nothing changes: whoever asked may now read it for half an hour (``views.show``)."""
