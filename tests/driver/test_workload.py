"""Many writers on a cluster that is being broken. See workload.py, which also runs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .workload import run

if TYPE_CHECKING:
    from tests.conftest import ClusterFactory

SECONDS = 20.0
WRITERS = 3


def test_in_the_end_the_cluster_holds_what_the_writers_were_told(fresh_cluster: ClusterFactory) -> None:
    report = run(fresh_cluster(), SECONDS, WRITERS, seed=2)
    print(report)
    assert report.lies == []
    assert report.failovers
    assert report.told.total() > 1000
