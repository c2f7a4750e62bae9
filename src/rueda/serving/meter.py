"""Meter: what the server counts, as Prometheus text."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Meter:
    """Counters and one histogram. Used by the event loop alone, so nothing is locked."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.predictions: Counter[str] = Counter()
        self.failures: Counter[tuple[str, str]] = Counter()
        self.labels: Counter[str] = Counter()
        self._buckets = [0] * (len(_BOUNDS_S) + 1)
        self._seconds = 0.0

    def request(self, route: str, protocol: str, status: int, seconds: float) -> None:
        """Count one answered request; ``protocol`` is empty where there is one only."""
        self.requests[route, protocol, status] += 1
        if route == "predict":
            self._buckets[bisect_left(_BOUNDS_S, seconds)] += 1
            self._seconds += seconds

    def text(self, gauges: Iterable[tuple[str, dict[str, str], float]]) -> str:
        """All of it, and ``gauges`` (name, labels, value), in the Prometheus text format."""
        lines = ["# TYPE rueda_requests_total counter"]
        for (route, protocol, status), n in sorted(self.requests.items()):
            spoken = {"protocol": protocol} if protocol else {}
            labels = {"route": route, **spoken, "code": str(status)}
            lines.append(_line("rueda_requests_total", labels, n))
        lines.append("# TYPE rueda_predictions_total counter")
        for release, n in sorted(self.predictions.items()):
            lines.append(_line("rueda_predictions_total", {"release": release}, n))
        lines.append("# TYPE rueda_failed_answers_total counter")
        for (release, reason), n in sorted(self.failures.items()):
            labels = {"release": release, "reason": reason}
            lines.append(_line("rueda_failed_answers_total", labels, n))
        lines.append("# TYPE rueda_labels_total counter")
        for name, n in sorted(self.labels.items()):
            lines.append(_line("rueda_labels_total", {"model": name}, n))
        lines.extend(self._histogram())
        # One TYPE line for a name, then all its samples.
        grouped: dict[str, list[str]] = {}
        for name, labels, value in gauges:
            grouped.setdefault(name, []).append(_line(name, labels, value))
        for name, samples in grouped.items():
            lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
            lines.extend(samples)
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name = "rueda_predict_seconds"
        lines = [f"# TYPE {name} histogram"]
        seen = 0
        for bound, n in zip([*map(str, _BOUNDS_S), "+Inf"], self._buckets, strict=True):
            seen += n
            lines.append(_line(f"{name}_bucket", {"le": bound}, seen))
        return [*lines, _line(f"{name}_sum", {}, self._seconds), _line(f"{name}_count", {}, seen)]


def _line(name: str, labels: dict[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value:g}" if inner else f"{name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
