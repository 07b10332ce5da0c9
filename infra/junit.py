"""junit.py FILE EXIT_CODE: prints "passed failed skipped" of a JUnit file.

A runner that failed without a failed case (a crash, a file that does not load, no test at all) counts as one failure.
"""
import sys
import xml.etree.ElementTree as tree


def counts(file):
    passed = failed = skipped = 0
    for case in tree.parse(file).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    try:
        passed, failed, skipped = counts(sys.argv[1])
    except (OSError, tree.ParseError):
        passed, failed, skipped = 0, 1, 0
    if sys.argv[2] != "0" and not failed:
        failed = 1
    print(passed, failed, skipped)


if __name__ == "__main__":
    main()
