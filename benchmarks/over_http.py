"""What a call costs over HTTP, with token, policy and ledger entry: $match, identifiers, searches.

    python benchmarks/over_http.py [--children 20000] [--seconds 5] [--region DIR] [--write]

Runs the hub as `joinedup hub` serves it, as a process on this machine against a database of its
own, and calls it from another process that shares its cores. Each question is about another child.
The source of truth is the emulator, which answers at once and shares the cores too.

Every question of $match is one that names a child: an answer that names nobody is held back on
purpose (docs/shields.md), and would measure that.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import document
import machine
import pyarrow.parquet as pq
from discovery import _callers, apart, database, message, percentile, server

from joinedup.identities.files import read_records
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.pds.emulator.serve import running_emulator
from joinedup.simulate import simulate

AGENCIES = ("childrens_services", "health", "police", "schools")
QUESTIONS = 3_000
CALLERS = 8
RATE = 500
CARE = "childrens-services.details"


# --- The hub and what it knows ------------------------------------------------------------------


def build() -> str:
    """A system with every scope, ten custodians and their agreement; gives its bearer token."""
    from django.utils import timezone
    from joserfc.jwk import ECKey

    from joinedup.hub.agreements import publishing
    from joinedup.hub.api import tokens
    from joinedup.hub.api.assertions import Proven
    from joinedup.hub.organisations.models import MachineClient, Organisation
    from joinedup.hub.register.publishing import answers_for

    day, ends = date(2020, 1, 1), timezone.now() + timedelta(days=1)
    codes = [f"C{n}" for n in range(10)]
    for code in ["LA", *codes]:
        Organisation.objects.create(
            ods_code=code, name=code, kind="childrens-services", legal_class="s11", valid_from=day
        )
    for code in codes:
        answers_for(Organisation.objects.get(ods_code=code), [CARE])
    publishing.publish(
        {
            "reference": "B1", "name": "Benchmark", "valid_from": "2020-01-01",
            "rules": [
                {
                    "sources": codes, "destinations": ["LA"], "record_types": [CARE],
                    "purposes": ["section-47"], "depth": "content",
                }
            ],
        }
    )  # fmt: skip
    client = MachineClient.objects.create(
        client_id="bench", name="b", organisation=Organisation.objects.get(ods_code="LA"),
        scopes=sorted(tokens.SCOPES), purpose="b", requests_per_minute=1_000_000, expires_at=ends,
    )  # fmt: skip
    public = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "k"}
    proven = Proven(client, client.add_key(public, ends))
    return tokens.issue(proven, sorted(tokens.SCOPES))


def load(region: Path) -> list[LinkRecord]:
    """Put every agency's records into the hub's index, as the children that they are of."""
    from joinedup.hub.reconciliation import links

    table = read_records([region / f"{agency}.csv" for agency in AGENCIES]).table
    truth = pq.read_table(region / "truth.parquet").select(["source", "id", "person_id"])
    child = {(s, i): p for s, i, p in zip(*(c.to_pylist() for c in truth.columns), strict=True)}
    records = list(rows(table))
    known = links.current()
    with known.pool.connection() as conn:
        known.index.load(conn, records)
        columns = "(source, id, own, identity)"
        with conn.cursor().copy(f"COPY identities.place {columns} FROM STDIN") as copy:
            for each in records:
                own = uuid.uuid5(uuid.NAMESPACE_OID, f"{each.source}/{each.id}")
                who = uuid.uuid5(uuid.NAMESPACE_OID, child[each[:2]])
                copy.write_row((each.source, each.id, own, who))
        conn.execute("ANALYZE")
    return records


def certain(records: list[LinkRecord], seed: int) -> list[dict[str, Any]]:
    """Questions that name a child: details of records, of which one child alone is certain."""
    from joinedup.hub.fhir.known import find
    from joinedup.people.demographics import Demographics

    found: list[dict[str, Any]] = []
    chosen = records.copy()
    random.Random(seed).shuffle(chosen)
    for each in chosen:
        if not (each.given and each.family and each.birth_date and each.postcode):
            continue
        fields = {
            "given": each.given.title(), "family": each.family.title(),
            "birth_date": each.birth_date, "gender": each.gender or "unknown",
            "postcode": each.postcode,
        }  # fmt: skip
        if find(Demographics.read(fields))[0] == "certain":
            found.append(fields)
        if len(found) == QUESTIONS:
            break
    return found


# --- The calls ----------------------------------------------------------------------------------


def match(fields: dict[str, Any], bearer: str) -> bytes:
    patient = {
        "resourceType": "Patient",
        "name": [{"given": [fields["given"]], "family": fields["family"]}],
        "birthDate": fields["birth_date"],
        "gender": fields["gender"],
        "address": [{"postalCode": fields["postcode"]}],
    }
    return message("POST", "/fhir/R4/Patient/$match", bearer, json.dumps(patient).encode())


def identifier(fields: dict[str, Any], bearer: str) -> bytes:
    person = {
        "given": fields["given"], "family": fields["family"], "birthDate": fields["birth_date"],
        "gender": fields["gender"], "addressPostalCode": fields["postcode"],
    }  # fmt: skip
    body = json.dumps({"personSpecification": person}).encode()
    return message("POST", "/api/v1/get-an-identifier", bearer, body)


def search(sui: str, bearer: str) -> bytes:
    body = {"sui": sui, "purpose": "section-47", "legalBasis": "public-task", "reason": "b"}
    return message("POST", "/api/v2/searches", bearer, json.dumps(body).encode())


async def _timed(
    port: int, requests: list[bytes], callers: int, seconds: float, rate: float, expect: int
) -> tuple[float, list[float]]:
    """Seconds that it took, and milliseconds of each answer.

    Callers call again at once; with a rate, a call is counted from when it was due.
    """
    asked: Iterator[bytes] = cycle(requests)
    start = time.perf_counter() + 0.05
    due = (start + n / rate for n in range(int(rate * seconds))) if rate else None
    took: list[float] = []

    async def keep_on(caller: Any) -> None:
        while time.perf_counter() < start + seconds or due is not None:
            began = next(due, None) if due is not None else time.perf_counter()
            if began is None:
                return
            if (wait := began - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            status = await caller.call(next(asked))
            if status != expect:
                raise SystemExit(f"a call was answered {status}, not {expect}")
            took.append((time.perf_counter() - began) * 1000)

    gc.disable()
    await asyncio.gather(*map(keep_on, await _callers(port, callers)))
    return time.perf_counter() - start, took


def cpu(pids: list[int]) -> float:
    """Seconds of processor time that these processes have used."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """A process and all that it began."""
    parents: dict[int, int] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                stat = (each / "stat").read_text()
            except OSError:
                continue
            parents[int(each.name)] = int(stat.rsplit(")", 1)[1].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def backends(url: str) -> list[int]:
    """The database's processes that answer for this hub."""
    import psycopg

    with psycopg.connect(url) as link:
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        return [pid for (pid,) in link.execute(asked)]


def measured(
    name: str, port: int, requests: list[bytes], expect: int, seconds: float, url: str, *, rate: int
) -> dict[str, Any]:
    """One caller; several at once, flat out; and so many calls a second."""
    print(name, file=sys.stderr)
    apart(_timed, port, requests[-50:], 4, 1.0, 0, expect)  # warm
    hub = [pid for pid in descendants(os.getpid()) if pid != os.getpid()]
    found: dict[str, Any] = {"call": name}
    for label, callers, each_second in (
        ("one", 1, 0),
        ("flat out", CALLERS, 0),
        (f"{rate}/s", 64, rate),
    ):
        used = cpu(hub), cpu(backends(url))
        lasted, took = apart(_timed, port, requests, callers, seconds, each_second, expect)  # type: ignore[misc]
        own, theirs = cpu(hub) - used[0], cpu(backends(url)) - used[1]
        found[label] = {
            "per_second": round(len(took) / lasted),
            "p50_ms": round(statistics.median(took), 2),
            "p99_ms": round(percentile(took, 0.99), 2),
            "hub_cpu_ms": round(own / len(took) * 1000, 2),
            "database_cpu_ms": round(theirs / len(took) * 1000, 2),
        }
        random.Random(callers).shuffle(requests)
    return found


def report(found: dict[str, Any]) -> str:
    """The figures as a table."""
    lines = [
        f"{found['machine']}; load before: {found['load']:.1f}. {found['records']:,} records in "
        f"the index; two hub processes, PostgreSQL, the emulator and the callers share the cores.",
        "",
        "| call | callers | per second | median, ms | 99 %, ms | hub CPU, ms | database CPU, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in found["calls"]:
        for label, figures in each.items():
            if label != "call":
                cells = " | ".join(f"{figures[name]:,}" for name in figures)
                lines.append(f"| {each['call']} | {label} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--region", type=Path, help="a region made before, or where to make it")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    loaded = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as state, database() as url:
        region = args.region or Path(state) / "region"
        if not (region / "truth.parquet").exists():
            simulate(region, children=args.children, seed=1)
        os.environ |= {"DATABASE_URL": url, "JOINEDUP_STATE": state}
        from joinedup.hub.serve import prepare

        prepare()
        bearer = build()
        records = load(region)
        asked = certain(records, 1)
        people = [json.loads(line)["id"] for line in (region / "pds.ndjson").open()]
        with running_emulator(region / "pds.ndjson", tps=0) as emulator:
            os.environ |= {"JOINEDUP_PDS_URL": emulator.url, "JOINEDUP_PDS_TPS": "0"}
            with server(args.workers) as port:
                given: dict[str, Any] = {"seconds": args.seconds, "url": url}
                calls = [
                    measured("`$match`", port, [match(each, bearer) for each in asked], 200,
                             rate=RATE, **given),
                    measured("begin a search", port, [search(each, bearer) for each in people], 202,
                             rate=100, **given),
                    measured("get an identifier", port,
                             [identifier(each, bearer) for each in asked], 200, rate=50, **given),
                ]  # fmt: skip
        found = {
            "machine": machine.describe(), "load": loaded, "records": len(records), "calls": calls,
        }  # fmt: skip
        from django.db import connection

        from joinedup.hub.reconciliation import links

        links.current().pool.close()
        connection.close()
        connection.close_pool()
    print(json.dumps(found, indent=2))
    if args.write:
        document.put("over-http", report(found))


if __name__ == "__main__":
    main()
