"""Rows, their schedules, and the lines that are kept of them."""
import dataclasses
import random
import threading
import types

import faults
import pytest
import record
import rows_members
import rows_net
from harness.until import until
from record import Result
from round import Customer, Keeper

GOOD = Result("relay", "1", "kill -9 of relay", 3, 0, 0, 0, 0, "0.47", "0.68", 7, 4, "2026-11-22",
              "infra/faults --seed 7")


def test_the_names_of_rows_are_all_different():
    assert len(faults.ROWS) == sum(len(module.ROWS) for module in faults.MODULES)


def test_rows_share_a_town_only_in_the_short_version():
    rows = list(faults.ROWS.values())
    assert len(faults.stages(rows)) < len(rows) == len(faults.stages(rows, True))
    assert all(len({row.town for row in stage}) == 1 for stage in faults.stages(rows))


def test_the_same_seed_is_the_same_weather_and_another_is_other():
    def plan(seed):
        return [str(storm) for storm in rows_net.storms(random.Random(seed), "kafka", 12, False)]
    assert plan("7/net-kafka") == plan("7/net-kafka") != plan("8/net-kafka")


def test_every_kind_of_weather_comes_before_any_comes_twice():
    kinds = [storm.kind for storm in rows_net.storms(random.Random(1), "postgres", len(rows_net.KINDS), False)]
    assert sorted(kinds) == sorted(rows_net.KINDS)


def storm_told(seed, leaving):
    """What the row says it does to a bus where nothing ever happens."""
    said = []
    bus = types.SimpleNamespace(programs={}, add=lambda *_, **__: None)
    chance = random.Random(seed)
    round = types.SimpleNamespace(bus=bus, random=chance, faults=lambda: range(1, 4), resumed=lambda _: None,
                                  note=lambda what, number: said.append((what, number)))
    leaving.setattr(rows_members, "until", lambda *_, **__: None)
    rows_members.storm(round)
    return said


def test_the_same_seed_is_the_same_storm_of_members(monkeypatch):
    assert storm_told(3, monkeypatch) == storm_told(3, monkeypatch) != storm_told(4, monkeypatch)


def test_the_keeper_starts_nobody_who_was_taken_away_meanwhile():
    started, over, programs = [], threading.Event(), {}

    def dead(label, then):
        def start():
            started.append(label)
            programs[label].process = None
            then()
        programs[label] = types.SimpleNamespace(process=object(), alive=False, start=start)
    dead("first", lambda: programs.pop("second"))
    dead("second", lambda: None)
    dead("third", over.set)
    keeper = Keeper(types.SimpleNamespace(programs=programs))
    keeper.start()
    try:
        until(over.is_set, 10, "the third is started")
    finally:
        keeper.end()
    assert started == ["first", "third"] and keeper.restarts == 2


def test_a_customer_asks_again_with_the_same_key_until_it_is_taken(monkeypatch):
    asked, statuses = [], [503, 504, 202]

    def post(_, *command):
        asked.append(command)
        return types.SimpleNamespace(status_code=statuses.pop(0), json=lambda: {"id": "a"})
    monkeypatch.setattr(Customer, "post", post)
    assert Customer.__new__(Customer).register() == {"id": "a"}
    assert not statuses and len(asked) == 3 and asked[0] == asked[1] == asked[2] and asked[0][2]


def test_what_is_kept_is_read_again(tmp_path):
    kept = tmp_path / "kept.tsv"
    record.keep(kept, GOOD)
    record.keep(kept, dataclasses.replace(GOOD, p50="", p99=""))
    assert record.kept_read(kept.read_text()) == [GOOD, dataclasses.replace(GOOD, p50="", p99="")]


def test_the_table_shows_the_newest_of_each_row_in_the_order_of_rows():
    newer, other = dataclasses.replace(GOOD, lost=1), dataclasses.replace(GOOD, row="ingress")
    lines = record.table([GOOD, other, newer], ["ingress", "projector", "relay"]).splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == ["| ingress", "| relay"] and "| 1 |" in lines[1]


def test_the_kept_lines_of_the_tree_are_of_rows_there_are():
    if record.KEPT.exists():
        assert {result.row for result in record.kept_read(record.KEPT.read_text())} <= faults.ROWS.keys()


@pytest.mark.parametrize("count, p99", [(1, "1.00"), (100, "99.00"), (200, "198.00")])
def test_the_p99_is_the_longest_of_a_few(count, p99):
    assert record.percentiles([float(number) for number in range(1, count + 1)])[1] == p99


def test_the_line_of_a_row_says_what_the_table_needs():
    assert str(GOOD) == ("relay  matrix 1  faults 3  lost 0 doubled 0 misordered 0  recovered 0.47/0.68 s  seed 7  4 s")


def test_a_row_that_did_not_come_to_its_end_is_kept_as_broken(tmp_path, monkeypatch):
    def fails(*_):
        raise KeyError("anything")
    monkeypatch.setattr(faults.signal, "signal", lambda *_: None)
    monkeypatch.setattr(faults, "stage_run", fails)
    kept = tmp_path / "kept.tsv"
    monkeypatch.setattr(faults.sys, "argv", ["faults", "--seed", "7", "--only", "relay", "--record", str(kept)])
    assert faults.main() == 1
    result, = record.kept_read(kept.read_text())
    assert (result.row, result.seed, result.broken) == ("relay", 7, 1)
