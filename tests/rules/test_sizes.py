"""Sizes (how we write): functions, parameters, nesting, files."""
import re
import statistics

import source

FUNCTION_LINES, FUNCTION_MEDIAN, PARAMETERS, NESTING = 70, 16, 5, 3
FILE_LINES, COLUMNS = 500, 120
TABLE_SHARE = 0.5  # a file mostly of rows is a table


def table_lines(path):
    """Lines that are rows: they begin with a brace or end as one."""
    return sum(bool(re.match(r"\s*\{.*\},?\s*$|\s*(\[|\.)\w+.*,\s*$", line)) for line in source.lines(path))


def test_no_function_is_longer_than_seventy_lines():
    found = [f"{function}: {function.lines} lines" for function in source.functions()
             if function.lines > FUNCTION_LINES]
    assert not found, source.told(found)


def test_the_median_function_is_about_fifteen_lines():
    lengths = [function.lines for function in source.functions() if not function.path.startswith("tests/")]
    assert len(lengths) < 50 or statistics.median(lengths) <= FUNCTION_MEDIAN


def test_no_function_takes_more_than_five_parameters():
    found = [f"{function}: {function.parameters}" for function in source.functions()
             if function.parameters > PARAMETERS]
    assert not found, source.told(found)


def test_no_block_stands_deeper_than_three_levels():
    found = [f"{function}: {function.nesting} levels" for function in source.functions()
             if function.nesting > NESTING]
    assert not found, source.told(found)


def test_no_file_is_longer_than_five_hundred_lines():
    paths = source.files(".c", ".h", ".py", ".sh", rooms=source.ROOMS + ("infra",))
    long = [(path, len(source.lines(path)) - 1) for path in paths]
    found = [f"{path}: {length} lines" for path, length in long
             if length > FILE_LINES and table_lines(path) < TABLE_SHARE * length]
    assert not found, source.told(found)


def test_lines_of_code_fit_in_120_columns():
    found = [f"{path}:{number} {len(line)} columns" for path in source.files(".py")
             for number, line in enumerate(source.lines(path), 1) if len(line) > COLUMNS]
    assert not found, source.told(found)
