"""Tests of work live at a stated instant over HTTP too."""

import pytest


@pytest.fixture(autouse=True)
def _simulated_time(settings):
    settings.DEBUG = True  # without it a request may carry its own instant only on a database marked as a simulation
