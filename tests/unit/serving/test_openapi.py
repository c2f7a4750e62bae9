"""The OpenAPI document says of a row what the reader says of it."""

from __future__ import annotations

import pytest
from tests.unit.serving.served import PREDICT, Served

from rueda.artifacts.rows import RowReader
from rueda.artifacts.signature import Field, Signature
from rueda.artifacts.strict_json import Refused
from rueda.serving.openapi import row_schema


def test_it_describes_the_rows_and_the_answers_of_the_model(ready: Served) -> None:
    status, _, document = ready.ask("/openapi.json", method="GET")
    assert (status, document["openapi"], list(document["paths"])) == (200, "3.1.0", [PREDICT])
    schemas = document["components"]["schemas"]
    assert schemas["m.Row"]["properties"]["t"] == {
        "type": ["string", "null"],
        "format": "date-time",
    }
    answer = ready.predict()[0]
    assert list(answer) == schemas["m.Prediction"]["required"]
    operation = document["paths"][PREDICT]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["instances"]["items"] == {"$ref": "#/components/schemas/m.Row"}


def test_before_a_release_is_loaded_there_is_no_document(served: Served) -> None:
    assert served.ask("/openapi.json", method="GET")[0] == 503


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint32", "int64", "uint64"])
def test_the_bounds_of_integers_are_those_of_the_reader(kind: str) -> None:
    signature = Signature((Field("n", kind, nullable=False),), ())
    schema = row_schema(signature)["properties"]["n"]
    reader = RowReader(signature)
    reader.batch([{"n": schema["minimum"]}, {"n": schema["maximum"]}])
    for beyond in (schema["minimum"] - 1, schema["maximum"] + 1):
        with pytest.raises(Refused):
            reader.batch([{"n": beyond}])
