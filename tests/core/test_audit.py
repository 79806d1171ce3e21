"""The log of dangerous actions."""

from __future__ import annotations

import sqlite3

import pytest
from holaf.holaf_core.access import Identity
from holaf.holaf_core.access_file import open_access_file
from holaf.holaf_core.audit import Audit
from holaf.holaf_core.errors import NotFound

HERE = Identity("127.0.0.1", True, None, True, False, "c")


@pytest.fixture
def file(tmp_path):
    file = open_access_file(tmp_path)
    yield file
    file.close()


@pytest.fixture
def audit(file):
    return Audit(file, clock=lambda: 12.5)


def test_a_record_says_who_when_where_what_and_how_it_ended(audit):
    audit.record(HERE, "delete model", {"path": "a\nb"})
    assert audit.entries() == [
        {
            "id": 1,
            "at": 12.5,
            "who": "this machine",
            "address": "127.0.0.1",
            "action": "delete model",
            "detail": '{"path":"a\\nb"}',
            "result": "ok",
        }
    ]


async def test_an_action_leaves_exactly_one_record_whether_it_works_or_not(audit):
    async with audit.action(HERE, "restart"):
        pass
    with pytest.raises(NotFound):
        async with audit.action(HERE, "delete"):
            raise NotFound("There is no such model.")
    found = [(entry["action"], entry["result"]) for entry in audit.entries()]
    assert found == [("delete", "failed: There is no such model."), ("restart", "ok")]


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET who = 'x'"])
def test_records_are_neither_changed_nor_deleted(audit, file, statement):
    audit.record(HERE, "restart")
    with pytest.raises(sqlite3.DatabaseError):
        file.write(lambda db: db.execute(statement))
    assert len(audit.entries()) == 1


def test_the_log_is_read_in_pages_newest_first(audit):
    for number in range(5):
        audit.record(HERE, str(number))
    first = audit.entries(limit=2)
    assert [entry["action"] for entry in first] == ["4", "3"]
    rest = audit.entries(limit=2, before=first[-1]["id"])
    assert [entry["action"] for entry in rest] == ["2", "1"]
