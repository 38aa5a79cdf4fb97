"""The second look finds a trace of an objector in every kind of column, however the file holds it."""

from pathlib import Path

import pyarrow
import pytest

from drops.keys import PartnerKeys
from drops.objector_scan import ObjectorScan, Traces
from drops.reading import read_table, resources_of
from drops.refusers import Refusals
from drops.suspects import Known, suspects_of
from schemas.staging import staged_schema
from tests.factories import NOW, customer, joined, objection, run, slip, vehicle, write_shop

HOME = "山形市緑町2-3-4"


@pytest.fixture(scope="module")
def drop(tmp_path_factory):
    person = customer("1", name="客 一", address=HOME)
    paper = {
        "vehicle_id": "V1",
        "model_code": "DAA-ZVW50",
        "owner_name": "客 一",
        "owner_address": HOME,
        "user_name": "客 一",
        "user_address": HOME,
    }
    tables = {
        "customers": [person],
        "vehicles": [vehicle("V1", "1")],
        "certificates": [paper],
        "objections": [objection("99")],
    }
    work = slip("S1", "1", "V1")
    work["repairs"][0]["description"] = "オイル交換"
    shop = write_shop(tmp_path_factory.mktemp("shop"), joined(tables, work))
    return Path(run(shop).outcomes[0].path)


def rows_of(drop, table):
    """A file's description, and its rows."""
    resource = resources_of(drop)[table]
    return resource, next(iter(read_table(drop, resource)))


def with_cells(resource, rows, column, text, *, is_encoded):
    """Have a text in all cells of a column, as it is or by a dictionary."""
    header = resource.headers[column]
    cells = pyarrow.array([text] * len(rows), pyarrow.string())
    place = rows.schema.get_field_index(header)
    changed = cells.dictionary_encode() if is_encoded else cells
    arrays = [changed if n == place else rows.column(n) for n in range(rows.num_columns)]
    return pyarrow.RecordBatch.from_arrays(arrays, rows.schema.names)


@pytest.mark.parametrize(
    ("place", "text", "traces"),
    [
        (("repairs", "description"), f"{HOME}へ配達", Traces(addresses={HOME})),
        (("repairs", "description"), "連絡 0236000001", Traces(contacts={"023-600-0001"})),
        (("repairs", "description"), "連絡 023-600-0001", Traces(contacts={"023-600-0001"})),
        (("repairs", "description"), "連絡 031112222", Traces(contacts={"03-111-2222"})),
        (("repairs", "description"), "札 abc-12345", Traces(contacts={"abc-123", "abc-12345"})),
        (("customers", "address"), HOME, Traces(addresses={HOME})),
        (("certificates", "plate"), "山形500あ1234", Traces(contacts={"山形500あ1234"})),
    ],
)
@pytest.mark.parametrize("is_encoded", [False, True])
def test_a_trace_is_found_in_every_kind_of_text(drop, place, text, traces, is_encoded):
    table, column = place
    resource, rows = rows_of(drop, table)
    for written, is_found in ((text, True), ("オイル", False)):
        search = ObjectorScan(traces)
        search.look(resource, with_cells(resource, rows, column, written, is_encoded=is_encoded))
        assert search.has_found == is_found


@pytest.mark.parametrize(
    ("name", "address"), [("owner_name", "owner_address"), ("user_name", "user_address")]
)
def test_a_name_with_its_home_is_found_on_a_paper(drop, name, address):
    resource, rows = rows_of(drop, "certificates")
    for column, text in (("owner_name", "某"), ("user_name", "某")):
        rows = with_cells(resource, rows, column, text, is_encoded=False)
    search = ObjectorScan(Traces(pairs={("客二", HOME)}))
    search.look(resource, with_cells(resource, rows, name, "客 二", is_encoded=False))
    assert search.has_found
    assert resource.headers.keys() >= {name, address}


@pytest.mark.parametrize("table", ["vehicles", "repairs", "invoices", "customers"])
def test_an_objectors_key_is_found_in_every_file_that_bears_it(drop, table):
    resource, rows = rows_of(drop, table)
    header = resource.headers["customer_key"]
    search = ObjectorScan(Traces(keys={rows.column(header)[0].as_py()}))
    search.look(resource, rows)
    assert search.has_found


def traces_of(refusing, customers, vehicles=(), certificates=()):
    """What those who refuse are recognised by, nobody being in the drop."""
    read = {
        name: pyarrow.Table.from_pylist(list(rows), staged_schema(name)).select
        for name, rows in (
            ("customers", customers),
            ("vehicles", vehicles),
            ("certificates", certificates),
        )
    }
    objections = [
        {"objection_id": n, "person": n, "scope": "erasure", "partner": None, "purpose": None}
        for n in refusing
    ]
    raised = [
        {"objection_id": n, "kind": "raised", "effective_on": NOW.date(), "sequence": 1}
        for n in refusing
    ]
    refusals = Refusals(objections, raised, "lotas", (), frozenset(), frozenset(), NOW.date())
    known = Known(**read, keys=PartnerKeys(b"k" * 32), references_of=list)
    nobody = pyarrow.array([], pyarrow.binary(16))
    return suspects_of(refusals, known).traces({"customers": nobody, "vehicles": nobody})


@pytest.mark.parametrize("refusing", ["1", "2", "3"])
def test_all_numbers_merged_with_a_refusers_are_theirs(refusing):
    customers = [
        {"customer_id": "1", "merged_into_customer_id": "2", "email": "a@example.jp"},
        {"customer_id": "2", "merged_into_customer_id": "3", "email": "b@example.jp"},
        {"customer_id": "3", "email": "c@example.jp"},
        {"customer_id": "4", "email": "d@example.jp"},
    ]
    found = traces_of([refusing], customers).contacts
    assert found == {"a@example.jp", "b@example.jp", "c@example.jp"}


def test_cars_of_refusers_are_known_by_number_and_plate_of_car_and_paper():
    cars = [
        {"vehicle_id": "V1", "customer_id": "1", "plate": "山形500あ1", "chassis_number": "AA1-1"},
        {"vehicle_id": "V2", "customer_id": "2", "plate": "山形500あ2", "chassis_number": "AA1-2"},
        {"vehicle_id": "V3", "customer_id": "1"},
        {"vehicle_id": "V3", "customer_id": "2"},
    ]
    papers = [{"vehicle_id": "V1", "plate": "仙台500あ9", "chassis_number": "AA1-9"}]
    found = traces_of(["1"], [{"customer_id": "1"}, {"customer_id": "2"}], cars, papers)
    assert found.contacts == {"山形500あ1", "aa1-1", "仙台500あ9", "aa1-9"}
    keys = PartnerKeys(b"k" * 32)
    expected = keys.of("vehicles", pyarrow.array(["V1"])).to_pylist()
    assert found.keys == {*expected, *keys.of("customers", pyarrow.array(["1"])).to_pylist()}
