"""A database that was started anew: its old connections wait in the pool, and nobody meets them."""

import psycopg


def test_no_request_is_given_a_connection_that_died_in_the_pool(db, browser_client):
    from django.conf import settings
    from django.db import connection

    from joinedup.hub.prepared import rows

    def alive() -> int:
        ((server,),) = rows("SELECT pg_backend_pid()")
        return int(server)

    before = alive()
    connection.close()
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert alive() != before
    assert browser_client.get("/").status_code == 200
