"""schemathesis over what one server says of itself, as one person: a program of its own, beside the tests' Python."""
import copy
import json
import subprocess

from harness import places

# What a reply must be, whatever was sent; and whatever the document says it takes or demands, the server does.
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "missing_required_header", "unsupported_method", "allow_header_conformance",
          "negative_data_rejection", "ignored_auth")
SECONDS = 480
ROLES = ("person", "staff", "lead", "recipient")
ID, AFTER = {"$ref": "#/components/parameters/id"}, {"$ref": "#/components/parameters/after"}
# Methods nobody knows are 501 (RFC 9110 section 9.1); those the server knows and a path does not take are 405.
CONFIGURATION = """
[phases.coverage]
unexpected-methods = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]
"""


def installed():
    """Its command; infra/install makes its environment the first time."""
    answer = subprocess.run([places.INFRA / "install", "schemathesis"], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return places.TOP / "var" / "schemathesis" / "bin" / "schemathesis"


def reduced(document, keep):
    """The operations keep(operation) wants."""
    kept = copy.deepcopy(document)
    for path, item in document["paths"].items():
        for name, operation in item.items():
            if "responses" in operation and not keep(operation):
                del kept["paths"][path][name]
        if not any("responses" in operation for operation in kept["paths"][path].values()):
            del kept["paths"][path]
    return kept


def served(document, server):
    """The document of one server's operations alone."""
    return reduced(document, lambda operation: operation["servers"][0]["url"] == "{scheme}://{%s}" % server)


def dealt(document, role):
    """Each operation to one of the roles it is for, in turn: together they sweep all of it once."""
    turns = {}
    for path, item in document["paths"].items():
        for name, operation in item.items():
            if "responses" in operation:
                roles = [each for each in ROLES if each in operation["x-roles"]] or ROLES  # of anyone's
                turns[operation["operationId"]] = roles[len(turns) % len(roles)]
    return reduced(document, lambda operation: turns[operation["operationId"]] == role)


def about(document, ids):
    """Of things that are there: ids by the path's word. Nobody asks for what was after a command nobody gave."""
    kept = copy.deepcopy(document)
    for path, item in kept["paths"].items():
        known = ids.get(path.split("/")[2])
        named = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "enum": [known]}}
        for holder in (item, *(operation for operation in item.values() if "responses" in operation)):
            parameters = holder.get("parameters", [])
            parameters[:] = [named if known and parameter == ID else parameter for parameter in parameters
                             if parameter != AFTER]
    return kept


def sweep(command, document, url, token, folder, examples):
    """Runs it; AssertionError with its report where a reply is not as described."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    words = [command, "run", str(file), "--url", url, "--checks", ",".join(CHECKS), "--header",
             f"Authorization: Bearer {token}", "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples),
             "--generation-deterministic", "--no-shrink", "--workers", "1", "--request-timeout",
             "20", "--continue-on-failure", "--warnings", "off", "--suppress-health-check", "all", "--no-color"]
    answer = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    (folder / "report.txt").write_text(answer.stdout + answer.stderr)
    assert answer.returncode == 0, answer.stdout[-12000:] + answer.stderr[-2000:]
    return answer.stdout
