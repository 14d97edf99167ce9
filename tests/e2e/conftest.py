"""The company, the customer's screen and the counselor's screen, for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.company import Company, company
from tests.support.people import Screen, person_s_screen


@pytest.fixture(scope="session")
def hanbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company with a running rendezvous."""
    with company(tmp_path_factory.mktemp("hanbit")) as running:
        yield running


@pytest.fixture(scope="session")
def customers_screen() -> Iterator[Screen]:
    """Display A."""
    with person_s_screen(1000, 640) as screen:
        yield screen


@pytest.fixture(scope="session")
def counselors_screen() -> Iterator[Screen]:
    """Display B."""
    with person_s_screen(1280, 800) as screen:
        yield screen
