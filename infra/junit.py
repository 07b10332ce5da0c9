"""junit.py FILE EXIT_CODE: prints of a JUnit file how many passed, failed and were skipped, then who failed; each on a line.

A runner that failed without a failed case (a crash, a file that does not load, no test at all) counts as one failure.
"""
import sys
import xml.etree.ElementTree as tree


def counts(file):
    passed, failed, skipped = 0, [], 0
    for case in tree.parse(file).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(" ".join(f"{case.get('classname', '')} {case.get('name', '')}".split()))
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    try:
        passed, failed, skipped = counts(sys.argv[1])
    except (OSError, tree.ParseError):
        passed, failed, skipped = 0, ["nothing is known of its tests"], 0
    if sys.argv[2] != "0" and not failed:
        failed = [f"no test failed, but the exit code is {sys.argv[2]}"]
    print(passed, len(failed), skipped, *failed, sep="\n")


if __name__ == "__main__":
    main()
