"""The index in memory: who is found, in which order, and what the answer decides."""

from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.identities.files import read_records
from joinedup.linkage.index import CERTAIN, MemoryIndex, decide
from joinedup.linkage.model import Model
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer
from joinedup.people.demographics import Demographics
from joinedup.simulate import simulate
from tests.linkage.models import small_model

MODEL = small_model()
AMY = LinkRecord(
    "schools", "1", given="AMY", family="SMITH", birth_date="2012-03-04", postcode="LS1 4AB",
    postcodes=("LS1 4AB",), phone="+441134960000",
)  # fmt: skip
BETH = AMY._replace(id="2", given="BETH")


def index_of(*records: LinkRecord, most: int = 1000) -> MemoryIndex:
    index = MemoryIndex(MODEL, most=most)
    for record in records:
        index.put(record)
    return index


def asked(record: LinkRecord, **changes: object) -> LinkRecord:
    return record._replace(source="police", id="9", **changes)


def never_the_same(one: LinkRecord, other: LinkRecord) -> bool:
    return False


def test_the_child_comes_before_the_twin():
    answer = index_of(BETH, AMY).match(asked(AMY), least=-100)
    assert [candidate.record for candidate in answer] == [AMY, BETH]
    assert answer.complete
    scorer = Scorer(MODEL)
    assert [c.weighed for c in answer] == [scorer.weigh(asked(AMY), c.record) for c in answer]


def test_equally_likely_records_come_in_one_order_whatever_was_put_first():
    copies = [AMY._replace(source=source, id=id) for source in "ab" for id in "21"]
    one, other = index_of(*copies), index_of(*reversed(copies))
    names = [candidate.record[:2] for candidate in one.match(asked(AMY))]
    assert names == [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
    assert one.match(asked(AMY)) == other.match(asked(AMY))


def test_least_and_limit_bound_what_is_listed():
    index = index_of(AMY, BETH, AMY._replace(id="3"))
    assert [c.record.id for c in index.match(asked(AMY), least=CERTAIN)] == ["1", "3"]
    assert [c.record.id for c in index.match(asked(AMY), least=-100, limit=1)] == ["1"]


def test_a_record_is_no_candidate_of_its_own():
    index = index_of(AMY, BETH)
    assert [c.record.id for c in index.match(AMY, least=-100)] == ["2"]


def test_a_changed_record_is_found_by_what_it_says_now_alone():
    index = index_of(AMY)
    index.put(BETH._replace(id="1", birth_date="2015-01-01", phone=None, postcodes=()))
    assert len(index) == 1
    assert index.match(asked(AMY), least=-100) == []
    assert index.get("schools", "1").given == "BETH"
    assert index.remove("schools", "1")
    assert not index.remove("schools", "1")
    assert index.get("schools", "1") is None


def test_a_school_s_phone_does_not_hide_the_child():
    """Five hundred pupils have the school's phone: the child is found by the rarer keys."""
    pupils = [LinkRecord("schools", f"p{i}", given="X", phone=AMY.phone) for i in range(500)]
    answer = index_of(*pupils, AMY, most=100).match(asked(AMY))
    assert [candidate.record for candidate in answer] == [AMY]
    assert not answer.complete


def test_nobody_found_among_too_many_is_no_proof_of_a_new_child():
    pupils = [LinkRecord("schools", f"p{i}", given="X", phone=AMY.phone) for i in range(500)]
    index = index_of(*pupils, most=100)
    answer = index.match(asked(AMY))
    assert (list(answer), answer.complete) == ([], False)
    assert decide(asked(AMY), answer, never_the_same) == "possible"
    index = index_of(*pupils, most=500)
    answer = index.match(asked(AMY))
    assert (list(answer), answer.complete) == ([], True)
    assert decide(asked(AMY), answer, never_the_same) == "none"


def test_a_clear_match_is_certain_and_a_twin_alone_is_not():
    assert decide(asked(AMY), index_of(AMY).match(asked(AMY)), never_the_same) == "certain"
    assert decide(asked(AMY), index_of(BETH).match(asked(AMY)), never_the_same) == "possible"
    elsewhere = asked(AMY, birth_date="2015-01-01", given="ZOE", family="LEE")
    assert decide(elsewhere, index_of(AMY).match(elsewhere), never_the_same) == "none"


def test_without_a_given_name_nobody_is_certain():
    """It may be the twin's record, with this child's number: newborns are known by no name."""
    number = ("9990000018",)
    newborn = AMY._replace(given=None, nhs_numbers=number)
    question = asked(AMY, nhs_numbers=number)
    answer = index_of(newborn).match(question)
    assert answer[0].weighed.weight > CERTAIN
    assert decide(question, answer, never_the_same) == "possible"
    answer = index_of(AMY._replace(nhs_numbers=number)).match(newborn._replace(source="other"))
    assert answer[0].weighed.weight > CERTAIN
    assert decide(newborn, answer, never_the_same) == "possible"


def test_twins_may_share_a_first_name_that_many_bear():
    details = {
        "given": "Muhammad", "family": "Uddin", "birth_date": "2014-05-06", "gender": "male",
        "postcode": "LU1 0XA", "phone": "0131 496 0781",
    }  # fmt: skip
    one, other = (
        LinkRecord.of(source, "1", Demographics.read({**details, "upn": upn}))
        for source, upn in (("schools", "U990100016001"), ("health", None))
    )
    index = MemoryIndex(Model.default().with_population(1_000_000))
    index.put(one)
    assert decide(other, index.match(other), never_the_same) == "possible"
    known = other._replace(upns=one.upns)
    assert decide(known, index.match(known), never_the_same) == "certain"


def test_a_rival_makes_a_match_possible_unless_it_is_the_same_child():
    index = index_of(AMY, AMY._replace(source="health"))
    answer = index.match(asked(AMY))
    assert decide(asked(AMY), answer, never_the_same) == "possible"
    assert decide(asked(AMY), answer, lambda one, other: True) == "certain"


PEOPLE = st.builds(
    LinkRecord,
    st.sampled_from("ab"),
    st.sampled_from("123"),
    given=st.sampled_from([None, "AMY", "BETH"]),
    family=st.sampled_from([None, "SMITH"]),
    birth_date=st.sampled_from([None, "2012-03-04", "2013-03-04"]),
    postcodes=st.lists(st.sampled_from(["P1", "P2"]), max_size=2, unique=True).map(tuple),
    phone=st.sampled_from([None, "1", "2"]),
)


@given(st.lists(PEOPLE | st.tuples(st.sampled_from("ab"), st.sampled_from("123"))), PEOPLE)
@settings(max_examples=60)
def test_after_any_puts_and_removes_those_who_share_a_rule_are_found(changes, query):
    """A record is told from a name by its length: the rest of the test is a plain definition."""
    index = MemoryIndex(MODEL)
    held: dict[tuple[str, str], LinkRecord] = {}
    for change in changes:
        if isinstance(change, LinkRecord):
            index.put(change)
            held[change[:2]] = change
        else:
            assert index.remove(*change) == (held.pop(change, None) is not None)
    assert len(index) == len(held)

    def shares(one: LinkRecord, other: LinkRecord) -> bool:
        def same(column: str) -> bool:
            mine, theirs = getattr(one, column), getattr(other, column)
            if isinstance(mine, tuple):
                return bool(set(mine) & set(theirs))
            return mine is not None and mine == theirs

        return any(all(map(same, rule)) for rule in MODEL.block)

    scorer = Scorer(MODEL)
    expected = [
        (-scorer.weigh(query, other).weight, other[:2])
        for name, other in held.items()
        if name != query[:2] and shares(query, other)
    ]
    answer = index.match(query, least=-1000, limit=100)
    assert [(-c.weighed.weight, c.record[:2]) for c in answer] == sorted(expected)


def test_in_a_region_nothing_is_lost_by_looking_no_further_than_needed(tmp_path):
    simulate(tmp_path, children=1_500, seed=5, formats=False)
    everyone = list(rows(read_records(sorted(tmp_path.glob("*.csv"))).table))
    model = Model.default().with_population(len(everyone))
    index = MemoryIndex(model)
    for record in everyone:
        index.put(record)
    scorer = Scorer(model)
    for least in (-20.0, 0.0, CERTAIN):
        listed = 0
        for record in everyone:
            answer = index.match(record, least=least, limit=1000)
            weighed = [scorer.weigh(record, other) for other in index.candidates(record)[0]]
            assert [each.weighed for each in answer] == sorted(
                (each for each in weighed if each.weight >= least), key=lambda each: -each.weight
            )
            listed += len(answer)
        assert listed > 1_000
