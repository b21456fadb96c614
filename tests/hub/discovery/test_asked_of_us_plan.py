"""What a custodian was asked is found by an index, however much others were asked."""

import json

from django.db import connection

SEARCHES = """
INSERT INTO discovery_search (id, organisation_id, client_id, on_behalf_of, role, sui, purpose,
  legal_basis, reason, case_reference, record_types, emergency, created_at, expires_at,
  correlation_id, trace_id)
SELECT gen_random_uuid(), %s, %s, '', '', '9990000018', 'x', 'x', '', '', '{x}', false,
  now() - (n %% 365) * interval '1 day', now(), gen_random_uuid(), ''
FROM generate_series(1, 10000) AS n
"""
ITEMS = """
INSERT INTO discovery_workitem (id, kind, search_id, custodian_id, record_type, expires_at,
  visible_at, leased, claims, outcome, answered_at)
SELECT gen_random_uuid(), 'find', s.id, CASE WHEN n = 1 THEN %s ELSE 1000000 + n END, 'x',
  s.created_at + interval '1 hour', s.created_at, false, 1, 'noRecords', s.created_at
FROM (SELECT *, row_number() OVER () %% 100 AS n FROM discovery_search) AS s
"""


def test_the_page_reads_the_custodians_own_rows_alone(region):
    from joinedup.hub.pages.asked_of_us import _items

    school, la = region.school.organisation, region.la
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # other custodians need no row
        cursor.execute(SEARCHES, [la.organisation.pk, la.machine.client.pk])
        cursor.execute(ITEMS, [school.pk])
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE discovery_search, discovery_workitem")
    items = _items(school)
    plan = items.explain(format="json")
    assert "work_of_a_custodian" in plan
    assert not _scanned_whole(json.loads(plan)[0]["Plan"])
    assert 0 < items.count() < 20  # a hundredth of the items, a twelfth of the year


def _scanned_whole(plan):
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] == "discovery_workitem":
        return True
    return any(_scanned_whole(each) for each in plan.get("Plans", ()))
