"""Every flow test runs against the session's Prefect server."""

import pytest


@pytest.fixture(autouse=True)
def _on_the_sessions_server(prefect_server: None) -> None:
    """Start the server before the first flow test."""
