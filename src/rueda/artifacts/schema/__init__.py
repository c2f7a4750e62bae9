"""Schema: what is expected of the rows, as a file that people review."""

from rueda.artifacts.schema.anomaly import Anomaly, read_anomalies, write_anomalies
from rueda.artifacts.schema.column import Column
from rueda.artifacts.schema.schema import Schema, write_schema

__all__ = ["Anomaly", "Column", "Schema", "read_anomalies", "write_anomalies", "write_schema"]
