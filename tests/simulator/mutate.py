"""Copies a source with one fault put in: mutate.py SOURCE TARGET OLD NEW. Where OLD does not stand there exactly once
the copy is left as it was and said so: the build goes on, and the mutant's test fails, for nothing is found."""
import pathlib
import sys


def main(source, target, old, new):
    text = pathlib.Path(source).read_text()
    if text.count(old) == 1:
        text = text.replace(old, new)
    else:
        print(f"{source}: {text.count(old)} times: {old}", file=sys.stderr)
    pathlib.Path(target).write_text(text)


main(*sys.argv[1:])
