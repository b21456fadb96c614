"""How right links are, where the truth is known: for all, by group, and by kind of mistake.

Everything is counted by groups of records, never pair by pair: a child's records in one cluster
make n(n-1)/2 pairs, however many that is.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import duckdb

_AGES = ((1, "under 1"), (5, "1 to 4"), (11, "5 to 10"), (16, "11 to 15"), (200, "16 and 17"))


class QualityError(ValueError):
    """Links cannot be compared with this truth; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share, with Wilson's 95 % interval (Wilson 1927), which takes each case as on its own."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        return interval(self.hits, self.of)


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share (Wilson 1927): honest where few or no hits were seen."""
    if not of:
        return (0.0, 1.0)
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Pairs said to be one child and pairs that are: how many are both."""

    right: int
    said: int
    true: int

    @property
    def precision(self) -> Rate:
        return Rate(self.right, self.said)

    @property
    def recall(self) -> Rate:
        return Rate(self.right, self.true)


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured.

    ``links`` are the pairs of links.parquet, ``clusters`` all pairs within clusters. ``whole`` are
    the children whose records are one cluster and nothing else, of all children with records.
    ``mixed`` are the clusters with records of several children. ``groups`` holds, by kind of group
    and its value, the pairs with a record in it. ``wrong`` holds, for twins, other brothers and
    sisters, and a child before and after an adoption, how many such pairs of people are in one
    cluster, of those with records.
    """

    links: Accuracy
    clusters: Accuracy
    whole: Rate
    mixed: Rate
    groups: dict[str, dict[str, Accuracy]]
    wrong: dict[str, Rate]


def measure(links: Path, clusters: Path, region: Path) -> Quality:
    """Compare links.parquet and clusters.parquet with a region's truth.

    ``region`` holds ``truth.parquet`` (source, id, person_id), ``people.parquet`` and
    ``mistakes.parquet``, as `joinedup simulate` writes them. Raises ``QualityError`` when a record
    is not in the truth, and the operating system's errors.
    """
    for path in (links, clusters, *(region / f"{name}.parquet" for name in _TABLES)):
        if not path.is_file():
            raise QualityError(f"{path} is not there.")
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        for name, path in (
            ("link", links),
            ("cluster", clusters),
            *((name, region / f"{name}.parquet") for name in _TABLES),
        ):
            quoted = str(path).replace("'", "''")
            con.execute(f"create view {name} as select * from read_parquet('{quoted}')")  # noqa: S608
        return _Measure(con).quality()


_TABLES = ("truth", "people", "mistakes")


class _Measure:
    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        strays = self._one("select count(*) from cluster anti join truth using (source, id)")
        if strays:
            named = self._con.execute("select distinct source from truth order by 1").fetchall()
            raise QualityError(
                f"{strays:,} records are not in the truth. The sources must be named as there: "
                f"{', '.join(name for (name,) in named)}."
            )
        ages = " ".join(f"when age < {limit} then '{label}'" for limit, label in _AGES)
        con.execute(
            f"""
            create table record as
            select c.cluster_id, c.source, c.id, t.person_id, p.name_group,
                case {ages} end as age,
                case when p.twin then 'twin' when p.siblings > 0 then 'brothers or sisters'
                    else 'only child' end as family,
                p.role = 'before_adoption' or p.adopted as adopted
            from cluster c join truth t using (source, id) join people p using (person_id)
            """  # noqa: S608 - labels of ours
        )

    def quality(self) -> Quality:
        return Quality(
            links=self._links(),
            clusters=self._total(),
            whole=Rate(
                *self._row(
                    """
                    with part as (select person_id, cluster_id, count(*) n from record group by all)
                    select count(*) filter (
                        p.n = (select count(*) from record r where r.person_id = p.person_id)
                        and p.n = (select count(*) from record r where r.cluster_id = p.cluster_id)
                    ), count(distinct person_id) from part p
                    """
                )
            ),
            mixed=Rate(
                *self._row(
                    "select count(*) filter (people > 1), count(*) from (select cluster_id, "
                    "count(distinct person_id) people, count(*) n from record group by 1)"
                    " where n > 1"
                )
            ),
            groups={
                "name group": self._by("name_group"),
                "age": self._by("age"),
                "family": self._by("family"),
                "adopted": self._by("case when adopted then 'yes' else 'no' end"),
                "agencies": self._by_agencies(),
                "mistake": self._by_mistake(),
            },
            wrong={
                "twins": self._wrong(
                    "a.twin and b.twin and a.family_id = b.family_id "
                    "and a.birth_date = b.birth_date"
                ),
                "other brothers and sisters": self._wrong(
                    "a.family_id = b.family_id and a.birth_date <> b.birth_date"
                ),
                "before and after an adoption": self._wrong("a.never_join = b.person_id"),
            },
        )

    def _one(self, query: str) -> int:
        return int(self._row(query)[0])

    def _row(self, query: str) -> tuple[int, ...]:
        row = self._con.execute(query).fetchall()[0]
        return tuple(int(value or 0) for value in row)

    def _links(self) -> Accuracy:
        right, said = self._row(
            """
            select count(*) filter (a.person_id = b.person_id), count(*) from link l
            join truth a on a.source = l.source_l and a.id = l.id_l
            join truth b on b.source = l.source_r and b.id = l.id_r
            """
        )
        return Accuracy(right, said, self._total().true)

    def _total(self) -> Accuracy:
        right, said, true = (
            self._one(f"select sum({_PAIRS}) from (select count(*) n from record group by {by})")  # noqa: S608 - columns of ours
            for by in ("person_id, cluster_id", "cluster_id", "person_id")
        )
        return Accuracy(right, said, true)

    def _by(self, value: str) -> dict[str, Accuracy]:
        """By a person's group: true pairs of its people, and wrong pairs with one of them."""
        rows = self._con.execute(
            f"""
            with record as (select *, {value} as value from record),
            true_pairs as (
                select value, sum({_PAIRS}) k from
                (select value, person_id, count(*) n from record group by all) group by 1),
            right_pairs as (
                select value, sum({_PAIRS}) k from
                (select value, person_id, cluster_id, count(*) n from record group by all)
                group by 1),
            whole as (select cluster_id, count(*) n from record group by 1),
            inside as (select value, cluster_id, count(*) m from record group by all),
            said_pairs as (
                select value, sum(n * (n - 1) // 2 - (n - m) * (n - m - 1) // 2) k
                from inside join whole using (cluster_id) group by 1)
            select t.value, coalesce(r.k, 0)::bigint, s.k::bigint, t.k::bigint
            from true_pairs t join said_pairs s using (value) left join right_pairs r using (value)
            where t.k > 0 order by t.value
            """  # noqa: S608 - expressions of ours
        ).fetchall()
        return {name: Accuracy(*figures) for name, *figures in rows}

    def _by_agencies(self) -> dict[str, Accuracy]:
        def pairs(by: str) -> str:
            return f"""
                select a.source one, b.source other,
                    sum(case when a.source = b.source then a.n * (a.n - 1) // 2 else a.n * b.n end)
                    k
                from (select {by}, source, count(*) n from record group by all) a
                join (select {by}, source, count(*) n from record group by all) b
                using ({by}) where a.source <= b.source group by 1, 2
            """  # noqa: S608 - columns of ours

        rows = self._con.execute(
            f"""
            select one || ' and ' || other, coalesce(r.k, 0)::bigint, coalesce(s.k, 0)::bigint,
                t.k::bigint
            from ({pairs("person_id")}) t
            left join ({pairs("cluster_id")}) s using (one, other)
            left join ({pairs("person_id, cluster_id")}) r using (one, other)
            where t.k > 0 order by t.k desc
            """  # noqa: S608 - columns of ours
        ).fetchall()
        return {name: Accuracy(*figures) for name, *figures in rows}

    def _by_mistake(self) -> dict[str, Accuracy]:
        """By what is wrong with a record: the pairs in which either record has it."""
        rows = self._con.execute(
            """
            with kind as (select source, id, unnest(kinds) kind from mistakes),
            marked as (select distinct r.*, kind from record r join kind using (source, id)),
            counts as (
                select 't' of, kind, m, n from
                (select person_id, kind, count(*) m from marked group by all)
                join (select person_id, count(*) n from record group by all) using (person_id)
                union all
                select 's', kind, m, n from
                (select cluster_id, kind, count(*) m from marked group by all)
                join (select cluster_id, count(*) n from record group by all) using (cluster_id)
                union all
                select 'r', kind, m, n from
                (select person_id, cluster_id, kind, count(*) m from marked group by all)
                join (select person_id, cluster_id, count(*) n from record group by all)
                using (person_id, cluster_id)),
            pairs as (
                select of, kind, sum(n * (n - 1) // 2 - (n - m) * (n - m - 1) // 2)::bigint k
                from counts group by all)
            select kind, coalesce(max(k) filter (of = 'r'), 0),
                coalesce(max(k) filter (of = 's'), 0), max(k) filter (of = 't')
            from pairs group by kind having max(k) filter (of = 't') > 0
            order by max(k) filter (of = 't') - coalesce(max(k) filter (of = 'r'), 0) desc, kind
            """
        ).fetchall()
        return {name: Accuracy(*figures) for name, *figures in rows}

    def _wrong(self, relation: str) -> Rate:
        """Of the pairs of people so related, with records: how many are in one cluster."""
        return Rate(
            *self._row(
                f"""
                with known as (select distinct person_id from record),
                person as (select p.* from people p join known using (person_id)),
                related as (
                    select a.person_id one, b.person_id other from person a join person b
                    on {relation} where a.person_id < b.person_id),
                held as (select distinct person_id, cluster_id from record)
                select count(*) filter (exists (
                    select 1 from held x join held y using (cluster_id)
                    where x.person_id = one and y.person_id = other)), count(*)
                from related
                """  # noqa: S608 - conditions of ours
            )
        )


_PAIRS = "n * (n - 1) // 2"


# ---------------------------------------------------------------------- tables
def rate(one: Rate) -> str:
    """A share with its interval, for people."""
    if not one.of:
        return "-"
    low, high = one.interval
    return f"{one.share:.3%} ({low:.3%} to {high:.3%})"


def summary_markdown(quality: Quality) -> str:
    """The totals as a Markdown table."""
    rows = [
        ("pairs linked", quality.links),
        ("pairs within clusters", quality.clusters),
    ]
    lines = [
        "| | precision (95 % interval) | recall (95 % interval) | wrong | missed |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {rate(one.precision)} | {rate(one.recall)} | {one.said - one.right:,} "
        f"| {one.true - one.right:,} |"
        for name, one in rows
    ]
    return "\n".join(lines)


def wrong_markdown(quality: Quality) -> str:
    """Who is wrongly joined, and how many children are whole, as a Markdown table."""
    rows = [
        ("children whose records are one cluster, and nothing else", quality.whole),
        ("clusters of several records with more than one child", quality.mixed),
        *((f"joined: {name}", one) for name, one in quality.wrong.items()),
    ]
    lines = ["| | count | of | share (95 % interval) |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {one.hits:,} | {one.of:,} | {rate(one)} |" for name, one in rows]
    return "\n".join(lines)


def group_markdown(kind: str, values: dict[str, Accuracy], least: int = 30) -> str:
    """One kind of group as a Markdown table; values with few pairs are gathered in "other"."""
    few = [one for one in values.values() if one.true < least]
    shown = {name: one for name, one in values.items() if one.true >= least}
    if few:
        shown[f"other (fewer than {least} pairs each)"] = Accuracy(
            sum(one.right for one in few),
            sum(one.said for one in few),
            sum(one.true for one in few),
        )
    lines = [
        f"| {kind} | true pairs | recall (95 % interval) | precision | wrong | missed |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {one.true:,} | {rate(one.recall)} | {one.precision.share:.3%} "
        f"| {one.said - one.right:,} | {one.true - one.right:,} |"
        for name, one in shown.items()
    ]
    return "\n".join(lines)
