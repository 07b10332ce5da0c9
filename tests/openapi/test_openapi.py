"""Whatever the document allows to be sent, and what it does not: every reply is one it describes, none a fault."""
import copy
import pathlib

import pytest
import requests
import sweep
from harness import places

EXAMPLES = 3
PROBLEM = {"content": {"application/problem+json": {"schema": {"required": ["type", "title", "status"]}}}}
STORED = {"content": {"application/json": {"schema": {"required": ["report"]}}}}
# The provider's way in is in no document of ours; this is what its header comments promise.
HOOKS = {"openapi": "3.1.0", "info": {"title": "webhooks", "version": "1"}, "paths": {"/webhooks/flutterwave": {
    "post": {"operationId": "hook", "requestBody": {"content": {"application/json": {"schema": {}}}},
             "parameters": [{"name": "verif-hash", "in": "header", "required": True, "schema": {"type": "string"}}],
             "responses": {"200": STORED, "400": PROBLEM, "401": PROBLEM, "413": PROBLEM, "503": PROBLEM}}}}}


@pytest.fixture(scope="session")
def document(bus):
    """What a server says of both."""
    return requests.get(bus.url("ingress") + "/openapi.json", timeout=10).json()


@pytest.mark.parametrize("role", sweep.ROLES)
@pytest.mark.parametrize("server", ["query", "ingress"])
def test_every_reply_is_as_the_document_says(command, bus, life, document, server, role, tmp_path):
    shape = sweep.about(sweep.dealt(sweep.served(document, server), role), life.ids)
    assert sweep.sweep(command, shape, bus.url(server), life.token(role), tmp_path, EXAMPLES)


def test_whatever_a_provider_may_post_is_stored_or_refused(command, bus, tmp_path):
    secret = pathlib.Path(places.secret_file("flutterwave_secrets")).read_text().split()[0]
    shape = copy.deepcopy(HOOKS)
    shape["paths"]["/webhooks/flutterwave"]["post"]["parameters"][0]["schema"]["enum"] = [secret]
    assert sweep.sweep(command, shape, bus.url("webhooks"), "none", tmp_path, EXAMPLES)


def test_a_reply_that_is_not_described_is_seen(command, bus, life, document, tmp_path):
    shape = sweep.reduced(sweep.served(document, "query"), lambda operation: operation["operationId"] == "parcel.read")
    del shape["paths"]["/v1/parcels/{id}"]["get"]["responses"]["404"]
    with pytest.raises(AssertionError, match="404"):
        sweep.sweep(command, sweep.about(shape, {}), bus.url("query"), life.token("person"), tmp_path, EXAMPLES)
