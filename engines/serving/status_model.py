"""The served model ``tutor_status`` (python backend): says the tier, and shows it to Prometheus.

``tutor serve`` writes the state file; this model only reads it, so a question costs about a millisecond.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

GAUGES = {
    "tutor_tier": "0 normal, 1 peak, 2 extreme",
    "tutor_refusing": "1 while new takes are politely refused",
    "tutor_retry_seconds": "what a refused learner is asked to wait",
    "tutor_rescues": "times the keeper reloaded a model or restarted the server",
}


class TritonPythonModel:
    """What Triton's python backend calls."""

    def initialize(self, args: dict[str, str]) -> None:
        import triton_python_backend_utils as backend

        self._backend = backend
        parameters = json.loads(args["model_config"])["parameters"]
        self._state = Path(parameters["state"]["string_value"])
        # A metric lives as long as its family object does.
        self._families = {
            name: backend.MetricFamily(name=name, description=text, kind=backend.MetricFamily.GAUGE)
            for name, text in GAUGES.items()
        }
        self._metrics = {name: family.Metric(labels={}) for name, family in self._families.items()}

    def execute(self, requests: list[Any]) -> list[Any]:
        """The state as JSON bytes, ``status`` [1] for every request."""
        text = self._state.read_bytes()
        gauges = json.loads(text).get("gauges", {})
        for name, metric in self._metrics.items():
            metric.set(float(gauges.get(name, 0)))
        tensor = self._backend.Tensor("status", np.array([text], object))
        return [self._backend.InferenceResponse([tensor]) for _ in requests]
