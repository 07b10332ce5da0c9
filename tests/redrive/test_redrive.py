"""The command line of operators: what it lists, what it marks, what it refuses."""
import json
import uuid

import pytest

SECRET = "Awa Ndiaye"


def park(bus, place, kind="parked", key="key-1", value=SECRET.encode(), reason="cannot be stored", command=None):
    command = command or str(uuid.uuid4())
    bus.rows('insert into bus.parked (partition, "offset", id, at, key, headers, value, reason, kind) values '
             "(%s, %s, %s, '2026-11-22T10:00:00Z', %s, %s, %s, %s, %s)", *place, command, key,
             json.dumps({"ce_id": command}), value, reason, kind)
    return command


def actions(bus):
    return {f"{partition}:{offset}": action
            for partition, offset, action in bus.rows('select partition, "offset", action from bus.parked')}


def test_list_tells_rows_in_order_without_their_values(empty, redrive):
    later, first = park(empty, (1, 7)), park(empty, (0, 9), "dead", None)
    answer = redrive("list")
    assert answer.returncode == 0 and SECRET not in answer.stdout + answer.stderr
    lines = answer.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["0:9", "1:7"]
    assert first in lines[0] and later in lines[1] and "2026-11-22T10:00:00Z" in lines[0]
    assert redrive("list", "--kind", "dead").stdout.count("\n") == 1


def test_list_says_when_there_are_more(empty, redrive):
    for offset in range(4):
        park(empty, (0, offset))
    answer = redrive("list", "--limit=3", "--json")
    assert len(answer.stdout.splitlines()) == 3 and "there are more" in answer.stderr
    assert redrive("list", "--limit=4").stderr == ""


def test_json_lines_hold_every_member(empty, redrive):
    command = park(empty, (3, 12), reason='a "quoted"\nreason')
    row, = map(json.loads, redrive("list", "--json").stdout.splitlines())
    assert row.pop("parked_at")
    assert row == {"partition": 3, "offset": 12, "id": command, "kind": "parked", "key": "key-1",
                   "reason": 'a "quoted"\nreason', "at": "2026-11-22T10:00:00Z"}


def test_a_place_of_an_earlier_topic_is_named_as_it_is_listed(empty, redrive):
    park(empty, (3, 12)), park(empty, (3, -12))
    assert [line.split()[0] for line in redrive("list").stdout.splitlines()] == ["3:-12", "3:12"]
    assert redrive("release", "3:-12").returncode == 0
    assert actions(empty) == {"3:-12": "release", "3:12": None}


def test_show_gives_headers_and_the_value_only_where_asked(empty, redrive):
    command = park(empty, (3, 12))
    for target in (["3:12"], ["key-1"], ["--id", command], ["--id", command.upper()]):
        answer = redrive("show", *target, "--json")
        assert json.loads(answer.stdout)["headers"] == {"ce_id": command} and SECRET not in answer.stdout
    assert json.loads(redrive("show", "3:12", "--value", "--json").stdout)["value"] == SECRET


def test_a_value_that_is_no_text_comes_in_base64url(empty, redrive):
    park(empty, (3, 12), value=b"\xff\x00\xfe")
    assert json.loads(redrive("show", "3:12", "--value", "--json").stdout)["value_base64url"] == "_wD-"
    assert "\x00" not in redrive("show", "3:12", "--value").stdout


def test_control_characters_of_strangers_never_reach_the_terminal(empty, redrive):
    park(empty, (0, 1), key="\x1b[31mred", reason="\x1b]0;title\x07")
    assert "\x1b" not in redrive("list").stdout + redrive("show", "0:1").stdout


def test_release_marks_the_head_of_its_key_only(empty, redrive):
    park(empty, (0, 5)), park(empty, (0, 8)), park(empty, (0, 6), key="key-2")
    assert redrive("release", "key-1").returncode == 0
    assert actions(empty) == {"0:5": "release", "0:8": None, "0:6": None}


def test_a_command_behind_an_older_one_of_its_key_is_not_marked(empty, redrive):
    park(empty, (0, 5))
    behind = park(empty, (0, 8))
    for target in (["0:8"], ["--id", behind]):
        answer = redrive("release", *target)
        assert answer.returncode == 2 and "an older command" in answer.stderr
    assert set(actions(empty).values()) == {None}


@pytest.mark.parametrize("action", ["release", "discard"])
def test_a_row_is_marked_by_place_and_by_id(empty, redrive, action):
    park(empty, (0, 5))
    other = park(empty, (0, 6), key="key-2")
    assert redrive(action, "0:5").returncode == 0
    assert redrive(action, "--id", other).returncode == 0
    assert actions(empty) == {"0:5": action, "0:6": action}


def test_a_dead_command_can_be_marked_too(empty, redrive):
    park(empty, (0, 5), "dead")
    park(empty, (0, 7), "dead")
    assert redrive("release", "0:7").returncode == 0
    assert actions(empty) == {"0:5": None, "0:7": "release"}


@pytest.mark.parametrize("arguments", [["release", "nobody"], ["show", "9:9"],
                                       ["discard", "--id", str(uuid.UUID(int=1))]])
def test_what_is_not_there_is_said_by_the_exit_code(redrive, arguments):
    answer = redrive(*arguments)
    assert answer.returncode == 1 and "no such command" in answer.stderr and answer.stdout == ""


@pytest.mark.parametrize("arguments", [[], ["drop"], ["release"], ["list", "key-1"],
                                       ["release", "k", "--id", str(uuid.UUID(int=1))],
                                       ["show", "--id", "17"], ["list", "--kind=odd"], ["list", "--colour=red"]])
def test_a_request_without_sense_is_refused_and_marks_nothing(empty, redrive, arguments):
    park(empty, (0, 5), key="k")
    answer = redrive(*arguments)
    assert answer.returncode == 2 and answer.stderr
    assert set(actions(empty).values()) == {None}


def test_a_database_that_is_away_has_an_exit_code_of_its_own(redrive):
    answer = redrive("list", COLIS_NAMESPACE="there_is_no_such_database")
    assert answer.returncode == 3 and "PostgreSQL" in answer.stderr


def test_the_request_never_comes_from_the_environment(empty, redrive):
    park(empty, (0, 5))
    assert redrive("release", COLIS_ID=str(uuid.uuid4())).returncode == 2
    assert redrive("list", COLIS_KIND="dead").stdout.count("\n") == 1


def test_its_role_can_mark_a_row_but_never_remove_one(bus):
    import psycopg
    url = open(bus.settings("redrive")["COLIS_POSTGRES_URL_FILE"]).read().strip()
    with psycopg.connect(f"{url}/{bus.namespace}", autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from bus.parked")
