"""How fast the PDS emulator answers, over HTTP, by kind of search.

    python benchmarks/pds_emulator.py [--people 900000] [--requests 500] [--folder DIR]

Makes invented people itself (valid NHS numbers of the test range 999 only, which holds 909,091:
that is why the default is 900,000 and not a million), prepares the index, starts the emulator as a
process of its own without rate limit and asks one question after another. Writes p50, p95 and p99
per kind of question, and what it ran on, into docs/benchmarks.md.
"""

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlencode

import document
import machine
import orjson
import urllib3

from joinedup.pds.emulator.prepare import prepare
from joinedup.people.nhs_number import well_formed

SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnrstvw" for vowel in "aeo"]
FIRST_DAY = date(2007, 1, 1)
DAYS = 365 * 18
POSTCODES = 60_000


def words(dice: random.Random, count: int, parts: int) -> list[str]:
    found: set[str] = set()
    while len(found) < count:
        found.add("".join(dice.choices(SYLLABLES, k=parts)).capitalize())
    return sorted(found)


def nhs_numbers(count: int) -> Iterator[str]:
    made = 0
    for serial in range(9_990_000_000, 10_000_000_000):
        if made == count:
            return
        if well_formed(str(serial)):
            made += 1
            yield str(serial)
    raise SystemExit("the test range 999 holds no more than 909,091 valid numbers")


def write_people(file: Path, count: int) -> None:
    """Names by a Zipf-like law, 15 people a postcode, one in five moved, one in thirty renamed."""
    dice = random.Random(1)
    families, givens = words(dice, 8_000, 3), words(dice, 2_500, 2 if count < 500 else 3)
    family_weights = list(accumulate(1 / (n + 8) for n in range(len(families))))
    given_weights = list(accumulate(1 / (n + 15) for n in range(len(givens))))
    postcodes = [
        f"{dice.choice('BLMNSW')}{dice.choice('ADEHLNRST')}{dice.randint(1, 40)} "
        f"{dice.randint(0, 9)}{dice.choice('ABDEFGHJLN')}{dice.choice('ABDEFGHJLN')}"
        for _ in range(POSTCODES)
    ]
    with file.open("wb") as out:
        for number in nhs_numbers(count):
            family = dice.choices(families, cum_weights=family_weights)[0]
            given = dice.choices(givens, cum_weights=given_weights, k=2)
            names = [{"use": "usual", "family": family, "given": given}]
            if dice.random() < 1 / 30:
                names.append({"use": "old", "family": dice.choice(families), "given": given})
            addresses = [
                {"use": "home", "line": ["1 High Street"], "postalCode": dice.choice(postcodes)}
            ]
            if dice.random() < 0.2:
                old = {"use": "home", "postalCode": dice.choice(postcodes)}
                addresses.append({**old, "period": {"end": "2020-01-01"}})
            person = {
                "resourceType": "Patient",
                "id": number,
                "meta": {
                    "versionId": "1",
                    "security": [{"code": "R" if dice.random() < 0.01 else "U"}],
                },
                "name": names,
                "gender": dice.choice(("male", "female")),
                "birthDate": (FIRST_DAY + timedelta(days=dice.randrange(DAYS))).isoformat(),
                "address": addresses,
                "telecom": [{"system": "phone", "value": f"07700{dice.randrange(10**6):06}"}],
            }
            out.write(orjson.dumps(person, option=orjson.OPT_APPEND_NEWLINE))


Params = list[tuple[str, str]]


def around(day: str, days: int) -> Params:
    born = date.fromisoformat(day)
    return [
        ("birthdate", f"ge{born - timedelta(days=days)}"),
        ("birthdate", f"le{born + timedelta(days=days)}"),
    ]


def questions() -> dict[str, Callable[[dict[str, object]], Params]]:
    def family(p):
        return p["name"][0]["family"]

    def given(p):
        return p["name"][0]["given"][0]

    def postcode(p):
        return p["address"][0]["postalCode"]

    def exact(p):
        return [("birthdate", f"eq{p['birthDate']}")]

    def gfd(p):
        return [("family", family(p)), ("given", given(p)), *exact(p)]

    fuzzy, history = ("_fuzzy-match", "true"), ("_history", "true")
    return {
        "given+family+dob": gfd,
        "given+family+dob, history": lambda p: [*gfd(p), history],
        "all fields": lambda p: [
            *gfd(p), ("gender", p["gender"]), ("address-postalcode", postcode(p)),
        ],
        "wildcard Fam* Giv* +postcode XX*": lambda p: [
            ("family", family(p)[:3] + "*"), ("given", given(p)[:3] + "*"), *exact(p),
            ("address-postalcode", postcode(p)[:2] + "*"),
        ],
        "wildcard Fa* +-6 months + postcode XX*": lambda p: [
            ("family", family(p)[:2] + "*"), ("given", given(p)), *around(p["birthDate"], 182),
            ("address-postalcode", postcode(p)[:2] + "*"),
        ],
        "family +-6 months + postcode": lambda p: [
            ("family", family(p)), *around(p["birthDate"], 182),
            ("address-postalcode", postcode(p)),
        ],
        "fuzzy given+family+dob": lambda p: [*gfd(p), fuzzy],
        "fuzzy all fields": lambda p: [
            *gfd(p), ("gender", p["gender"]), ("address-postalcode", postcode(p)), fuzzy,
        ],
        "fuzzy all fields +-6 months": lambda p: [
            ("family", family(p)), ("given", given(p)), *around(p["birthDate"], 182),
            ("gender", p["gender"]), ("address-postalcode", postcode(p)), fuzzy,
        ],
        "fuzzy given+family one-sided range": lambda p: [
            ("family", family(p)), ("given", given(p)), ("birthdate", f"ge{p['birthDate']}"), fuzzy,
        ],
        "fuzzy swapped names": lambda p: [
            ("family", given(p)), ("given", family(p)), *exact(p), fuzzy,
        ],
    }  # fmt: skip


def timed(pool: urllib3.HTTPConnectionPool, path: str) -> float:
    headers = {"X-Request-ID": str(uuid.uuid4())}
    started = time.perf_counter()
    response = pool.request("GET", path, headers=headers)
    spent = time.perf_counter() - started
    if response.status != 200:
        raise SystemExit(f"the emulator answered {response.status}: {response.data[:300]!r}")
    return spent * 1000


SAID: list[str] = []


def say(line: str) -> None:
    """Show a line, and keep it for docs/benchmarks.md."""
    print(line, flush=True)
    SAID.append(line)


def show(name: str, times: list[float]) -> None:
    cuts = statistics.quantiles(times, n=100)
    say(f"{name:42} {cuts[49]:7.2f} {cuts[94]:7.2f} {cuts[98]:7.2f}  {max(times):8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=900_000)
    parser.add_argument("--requests", type=int, default=500, help="of each kind")
    parser.add_argument("--folder", type=Path, help="keep the people file there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        people = folder / f"people-{given.people}.ndjson"
        if not people.exists():
            started = time.perf_counter()
            write_people(people, given.people)
            say(f"made {given.people:,} people in {time.perf_counter() - started:.1f} s")
        started = time.perf_counter()
        index = prepare(people)
        say(
            f"prepared in {time.perf_counter() - started:.1f} s; "
            f"people {people.stat().st_size >> 20} MB, index {index.stat().st_size >> 20} MB"
        )
        run(people, given.requests)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    say(f"emulator peak memory {peak} MB (index pages shared with the system's cache included)")
    said = "\n".join(SAID)
    document.put("pds-emulator", f"{machine.describe()}\n\n```\n{said}\n```")


def run(people: Path, requests: int) -> None:
    dice = random.Random(2)
    with people.open("rb") as file:
        sample = []
        for line in file:
            if dice.random() < 0.01 or len(sample) < requests:
                sample.append(line)
    dice.shuffle(sample)
    persons = [orjson.loads(line) for line in sample[:requests]]
    started = time.perf_counter()
    server = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("joinedup")), "pds-emulator",
            "--people", str(people),
            "--port", "0", "--tps", "0", "--no-auth", "--json", "-q",
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        url = orjson.loads(server.stdout.readline())["url"]
        pool = urllib3.connection_from_url(url, retries=False)
        base = "/personal-demographics/FHIR/R4/Patient"
        timed(pool, f"{base}/{persons[0]['id']}")
        say(f"started and answered in {time.perf_counter() - started:.1f} s")
        say(f"{'milliseconds':42} {'p50':>7} {'p95':>7} {'p99':>7}  {'slowest':>8}")
        everything: list[float] = []
        for name, ask in questions().items():
            times = [timed(pool, f"{base}?{urlencode(ask(person))}") for person in persons]
            everything += times
            show(name, times)
        show("all searches", everything)
        show("read by number", [timed(pool, f"{base}/{person['id']}") for person in persons])
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
