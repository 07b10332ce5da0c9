# SPDX-License-Identifier: Apache-2.0
"""The documents for people and their tools: OpenAPI 3.1 of both servers, AsyncAPI 3.0 of the topics."""


def openapi(model):
    return {"openapi": "3.1.0"}


def asyncapi(model):
    return {"asyncapi": "3.0.0"}
