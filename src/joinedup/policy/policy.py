"""A policy: the law's catalogue, the agreements and the days on which duties begin, compiled.

It is made once and never changed. Its version is a hash of everything a decision can depend on,
this package's own code among it, so that a decision under the same version is the same decision.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from joinedup.policy.agreement import AgreementRule, Agreements, Effect
from joinedup.policy.catalogue import Catalogue, Purpose, national
from joinedup.policy.decision import Reason

# A rule's two reasons: [False] when it is not met, [True] when it is.
Says = Mapping[str, tuple[Reason, Reason]]


class Policy:
    """What ``decide`` decides by.

    Takes the rules of the agreements in force at any time, the first day of each duty in law that
    has one (``information-sharing``, ``identifier``), and the catalogue (default: the one that
    comes with the program). Raises ``ValueError`` for a duty that is not in the catalogue.
    """

    def __init__(
        self,
        rules: Iterable[AgreementRule] = (),
        duties: Mapping[str, date] | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.catalogue = catalogue or national()
        self.agreements = Agreements(rules)
        self.duties = dict(duties or {})
        unknown = sorted(set(self.duties) - set(self.catalogue.duties))
        if unknown:
            raise ValueError(f"the catalogue has no duty named {', '.join(unknown)}")
        self.version = self._version()
        self._says, self._says_of_none = _all_says(self.catalogue)
        self.rule_reasons = tuple(map(_reason_of, self.agreements.rules))

    @classmethod
    def closed(cls) -> "Policy":
        """Give the policy under which nothing is allowed, for want of one that can be trusted."""
        content = {**national().content, "purpose": {}}
        return cls(catalogue=Catalogue.read(content))

    def in_force(self, duty: str, on: date) -> bool:
        """Whether a duty in law has begun."""
        begins = self.duties.get(duty)
        return begins is not None and begins <= on

    def says(self, purpose: str) -> Says:
        """Give the reasons in words, for one purpose."""
        return self._says.get(purpose, self._says_of_none)

    def content(self) -> dict[str, Any]:
        """Give what the version is made from, as JSON can hold it; ``from_content`` reads it."""
        return {
            "agreements": [rule.as_facts() for rule in self.agreements.rules],
            "duties": {code: day.isoformat() for code, day in sorted(self.duties.items())},
            "catalogue": self.catalogue.content,
            "code": _code(),
        }

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> "Policy":
        """Make a policy again from its content, to replay a decision.

        Raises ``ValueError``, ``KeyError`` or ``TypeError`` when it is damaged, and ``ValueError``
        when this program decides by other code than the policy was kept with.
        """
        if content["code"] != _code():
            raise ValueError("this policy was decided by another version of the program")
        return cls(
            [AgreementRule.from_facts(facts) for facts in content["agreements"]],
            {code: date.fromisoformat(day) for code, day in content["duties"].items()},
            Catalogue.read(content["catalogue"]),
        )

    def _version(self) -> str:
        return fingerprint({**self.content(), "catalogue": _law(self.catalogue)})


def fingerprint(content: Any) -> str:
    """Hash JSON in its one form: sorted keys, no spaces."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


@cache
def _code() -> str:
    """Hash what decides, so that two editions of the program never share a version."""
    folder = files("joinedup.policy")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".py"))
    return fingerprint([[name, (folder / name).read_text("utf-8")] for name in names])


@lru_cache(maxsize=8)
def _law(catalogue: Catalogue) -> str:
    return fingerprint(catalogue.content)


@lru_cache(maxsize=8)
def _all_says(catalogue: Catalogue) -> tuple[Mapping[str, Says], Says]:
    """Give the reasons in words for each purpose, and for what is none."""
    of_purposes = {code: _says(catalogue, each) for code, each in catalogue.purposes.items()}
    return of_purposes, _says(catalogue, None)


def _says(catalogue: Catalogue, purpose: Purpose | None) -> Says:
    words = {
        "purpose": purpose.name if purpose else "not one of the catalogue",
        "gateway": purpose.gateway if purpose else "no statute",
        "article_9": purpose.article_9 if purpose else "9",
    }

    def reason(code: str, allows: bool) -> Reason:
        rule = catalogue.rules[code]
        text = rule.yes if allows else rule.no
        return Reason(code, text.format(**words), rule.source.format(**words), allows, rule.secret)

    return {code: (reason(code, False), reason(code, True)) for code in catalogue.rules}


def _reason_of(rule: AgreementRule) -> Reason:
    allows = rule.effect is Effect.ALLOW
    does = "allows" if allows else "does not allow"
    until = f" to {rule.valid_to.isoformat()}" if rule.valid_to else ""
    return Reason(
        "agreement",
        f"The agreement “{rule.name}” {does} it.",
        f"Agreement {rule.agreement}, in force from {rule.valid_from.isoformat()}{until}",
        allows,
    )
