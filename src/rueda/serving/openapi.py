"""OpenAPI: the document at ``/openapi.json``: how each model is asked, by its own signature."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.types as kinds

from rueda.artifacts.signature import Field, Signature
from rueda.kernel.digest import Json
from rueda.serving.loaded import Live, Servable

Tree = dict[str, Json]

_PROBLEM: Tree = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "pointer": {"type": "string", "description": "RFC 6901, into the body as it was sent"},
    },
}


def openapi_document(models: Mapping[str, Live], version: str) -> Tree:
    """The OpenAPI 3.1 document of a server of ``models``."""
    schemas: Tree = {"Problem": _PROBLEM}
    paths: Tree = {}
    for name, live in models.items():
        release = live.stable.release
        schemas[f"{name}.Row"] = row_schema(release.signature)
        schemas[f"{name}.Prediction"] = _prediction(release)
        paths[f"/v1/models/{name}:predict"] = _predict(name)
    return {
        "openapi": "3.1.0",
        "info": {"title": ", ".join(models) or "rueda", "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def row_schema(signature: Signature) -> Tree:
    """What one row may be, as JSON Schema."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in signature.inputs],
        "properties": {field.name: _column(field) for field in signature.inputs},
    }


def _column(field: Field) -> Tree:
    schema = _value(field.arrow)
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
    if field.allowed:
        # No enum: what training never saw is left to the preparation, unless the server refuses it.
        schema["examples"] = list(field.allowed[:10])
    return schema


def _value(kind: pa.DataType) -> Tree:
    if kinds.is_boolean(kind):
        return {"type": "boolean"}
    if kinds.is_integer(kind):
        signed = kinds.is_signed_integer(kind)
        bits = kind.bit_width - signed
        return {"type": "integer", "minimum": -(2**bits) if signed else 0, "maximum": 2**bits - 1}
    if kinds.is_floating(kind):
        return {"type": "number"}
    if kinds.is_timestamp(kind) and kind.tz is not None:
        return {"type": "string", "format": "date-time"}
    if kinds.is_date(kind):
        return {"type": "string", "format": "date"}
    return {"type": "string"}


def _prediction(release: Servable) -> Tree:
    said: Tree = {
        "label": {"enum": list(release.classes)},
        "scores": {"type": "object", "additionalProperties": {"type": "number"}},
    }
    if release.task == "regression":
        said = {"value": {"type": "number"}}
    properties = {**said, "id": {"type": "string"}, "release": {"type": "string"}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _predict(name: str) -> Tree:
    def listed(member: str, schema: str) -> Tree:
        items = {"$ref": f"#/components/schemas/{name}.{schema}"}
        body = {
            "type": "object",
            "required": [member],
            "properties": {member: {"type": "array", "minItems": 1, "items": items}},
        }
        return {"application/json": {"schema": body}}

    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "post": {
            "summary": f"Predictions of {name}",
            "operationId": f"predict-{name}",
            "requestBody": {"required": True, "content": listed("instances", "Row")},
            "responses": {
                "200": {
                    "description": "One prediction a row, in order",
                    "content": listed("predictions", "Prediction"),
                },
                "default": {"description": "Refused, or not ready", "content": problem},
            },
        }
    }
