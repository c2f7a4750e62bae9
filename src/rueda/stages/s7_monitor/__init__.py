"""Stage 7, monitor: windows of production are held to what the release was trained on."""

from rueda.stages.s7_monitor.spec import Monitor, OnAlarm
from rueda.stages.s7_monitor.stage import JUDGE, MONITOR

__all__ = ["JUDGE", "MONITOR", "Monitor", "OnAlarm"]
