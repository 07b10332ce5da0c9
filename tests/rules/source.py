"""The C sources of the checkout as the rules see them: files by room, text without comments, functions."""
import functools
import json
import pathlib
import re
import subprocess
from dataclasses import dataclass

TOP = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("schemas", "shared", "producers", "consumers", "tests")
SKIPPED = {"node_modules", "__pycache__", "web"}
TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


@dataclass(frozen=True)
class Function:
    """One function with a body."""
    path: str
    name: str
    line: int
    end: int
    parameters: int
    nesting: int

    @property
    def lines(self):
        return self.end - self.line + 1

    def __str__(self):
        return f"{self.path}:{self.line} {self.name}"


@functools.cache
def files(*suffixes, rooms=ROOMS):
    """Paths relative to the top of every file with one of the suffixes."""
    found = [path.relative_to(TOP) for room in rooms for path in (TOP / room).rglob("*") if path.suffix in suffixes]
    return sorted(str(path) for path in found if not SKIPPED & set(path.parts))


def c_files():
    return files(".c", ".h")


@functools.cache
def text(path):
    return (TOP / path).read_text(errors="surrogateescape")


def lines(path):
    return text(path).split("\n")


@functools.cache
def code(path):
    """The text with comments and the inside of literals blanked; line numbers stay."""
    return TOKENS.sub(_blank, text(path))


def _blank(match):
    token = match.group()
    if token[0] in "\"'":
        return token[0] + " " * (len(token) - 2) + token[0]
    return re.sub(r"[^\n]", " ", token)


def room(path):
    """base, domain, links, http, run, schemas, tests, or a program's folder (producers/ingress)."""
    parts = pathlib.PurePath(path).parts
    if parts[0] == "shared":
        return parts[1]
    if parts[0] in ("producers", "consumers"):
        return "/".join(parts[:2])
    return parts[0]


def stem(path):
    """What a link's files share: kafka for kafka_in.c."""
    return pathlib.PurePath(path).stem.split("_")[0]


@functools.cache
def includes(path):
    """(line number, name, is ours) of every include."""
    pattern = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
    matches = ((number, pattern.match(line)) for number, line in enumerate(lines(path), 1))
    return [(number, match.group(1) or match.group(2), bool(match.group(1))) for number, match in matches if match]


@functools.cache
def functions():
    """Every function of the checkout, by universal-ctags."""
    paths = c_files()
    if not paths:
        return []
    command = ["ctags", "--output-format=json", "--kinds-C=f", "--fields=+neS", "-f", "-", "--language-force=C",
               "-I", "MUST_CHECK,CLEANUP+", *paths]
    output = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout
    tags = [json.loads(line) for line in output.splitlines()]
    return [_function(tag) for tag in tags if tag.get("end")]


def _function(tag):
    body = "\n".join(code(tag["path"]).split("\n")[tag["line"] - 1:tag["end"]])
    return Function(tag["path"], tag["name"], tag["line"], tag["end"], _parameters(tag.get("signature", "()")),
                    _nesting(body))


def _parameters(signature):
    inside = signature.strip()[1:-1].strip()
    return 0 if inside in ("", "void") else _depth_split(inside)


def _depth_split(inside):
    depth, commas = 0, 0
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        commas += letter == "," and depth == 0
    return commas + 1


def _nesting(body):
    """How deep blocks stand in the function's own block; braces of initialisers and ({ }) do not count."""
    kinds, deepest, before = [], 0, ""
    for letter in body:
        if letter == "{":
            kinds.append(before not in "=,({[" and (before in ");" or before.isalpha() or before in "}{:"))
            deepest = max(deepest, sum(kinds))
        elif letter == "}" and kinds:
            kinds.pop()
        if not letter.isspace():
            before = letter
    return deepest - 1


def told(findings):
    """The text of a failed rule: one finding a line."""
    return "\n" + "\n".join(str(finding) for finding in findings)
