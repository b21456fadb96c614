"""How many decisions a second one core makes, with as many organisations and rules as a region.

python benchmarks/policy.py [--organisations 500] [--rules 2000] [--decisions 100000] [--write]
"""

import argparse
import time
from collections import Counter
from datetime import date, timedelta
from random import Random

import document
import machine

from joinedup.policy.agreement import AgreementRule, Effect
from joinedup.policy.catalogue import Depth, national
from joinedup.policy.decide import decide
from joinedup.policy.policy import Policy
from joinedup.policy.question import Action, Child, Level, Party, Question, Relationship

TODAY = date(2026, 11, 23)
KINDS = ("childrens-services", "education", "health", "police")
REPEATS = 5
GOAL = 50_000


def organisations(count: int, chance: Random) -> list[Party]:
    """Most of them bodies under the duty, some contractors of one, some of no class."""
    made: list[Party] = []
    for number in range(count):
        kind = chance.choice(KINDS)
        party = Party(f"ORG{number}", kind, chance.choice(("s11", "s16E")), date(2020, 1, 1))
        if made and number % 20 == 0:
            party = Party(
                f"ORG{number}", "supplier", "contractor", date(2024, 1, 1), principal=made[0]
            )
        elif number % 33 == 0:
            party = Party(f"ORG{number}", kind, "other", date(2020, 1, 1))
        made.append(party)
    return made


def rule(number: int, parties: list[Party], chance: Random) -> AgreementRule:
    """A rule between single organisations or whole kinds; one in ten denies."""
    catalogue = national()

    def side() -> frozenset[str]:
        if chance.random() < 0.2:
            return frozenset({"kind:" + chance.choice(KINDS)})
        return frozenset(party.code for party in chance.sample(parties, 5))

    begins = TODAY - timedelta(days=chance.randrange(-100, 900))
    return AgreementRule(
        f"DSA-{number:04}",
        f"Agreement {number}",
        side(),
        side(),
        frozenset(chance.sample(sorted(catalogue.record_types), 3)),
        frozenset(chance.sample(sorted(catalogue.purposes), 4)),
        chance.choice((Depth.EXISTENCE, Depth.CONTENT)),
        begins,
        begins + timedelta(days=1000) if chance.random() < 0.8 else None,
        Effect.DENY if chance.random() < 0.1 else Effect.ALLOW,
    )


def question(parties: list[Party], chance: Random) -> Question:
    """One that is mostly put rightly, so that every rule is looked at and many are allowed."""
    catalogue = national()
    asker = chance.choice(parties)
    kind = asker.principal.kind if asker.principal else asker.kind
    purpose = chance.choice([each for each in catalogue.purposes.values() if kind in each.asks])
    return Question(
        chance.choice((Action.LOOK_UP, Action.FIND, Action.FIND, Action.FETCH)),
        TODAY - timedelta(days=chance.randrange(60)),
        asker,
        chance.choice(sorted(purpose.asks[kind].roles)),
        purpose.code,
        chance.choice(sorted(purpose.bases)),
        Child(
            TODAY - timedelta(days=chance.randrange(200, 6500)),
            level=Level.NO_LOCATION if chance.random() < 0.02 else Level.OPEN,
        ),
        chance.choice(parties),
        chance.choice(sorted(catalogue.record_types)),
        Relationship.CASELOAD,
        reason_given=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organisations", type=int, default=500)
    parser.add_argument("--rules", type=int, default=2000)
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    chance = Random(5)
    parties = organisations(args.organisations, chance)
    rules = [rule(number, parties, chance) for number in range(args.rules)]
    started = time.process_time()
    policy = Policy(rules)
    compiled = time.process_time() - started
    questions = [question(parties, chance) for _ in range(args.decisions)]
    speeds = []
    for _ in range(REPEATS):
        started = time.process_time()
        decisions = [decide(policy, each) for each in questions]
        speeds.append(args.decisions / (time.process_time() - started))
    answers = Counter(decision.allowed for decision in decisions)
    least, median, most = min(speeds), sorted(speeds)[REPEATS // 2], max(speeds)
    text = f"""
{machine.describe()}. Processor time of one process, {REPEATS} runs of
{args.decisions:,} different questions; other programs shared the cores.

| organisations | rules | decisions a second: median | slowest run | fastest run | goal |
|---:|---:|---:|---:|---:|---:|
| {args.organisations:,} | {args.rules:,} | {median:,.0f} | {least:,.0f} | {most:,.0f} | {GOAL:,} |

{answers[True]:,} were allowed and {answers[False]:,} denied; a denial names every rule not met.
Compiling the policy took {compiled * 1000:.0f} ms.
"""
    if args.write:
        document.put("policy", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
