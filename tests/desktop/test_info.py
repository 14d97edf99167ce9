import getpass
import platform
import re
import sys

import pytest

from ezp2p.desktop.info import facts


def test_the_name_is_the_machines_own() -> None:
    assert platform.node().startswith(facts().name)
    assert "." not in facts().name


def test_the_system_has_a_name_and_a_version() -> None:
    assert re.fullmatch(r"\S.* \S*\d\S*", facts().system)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's own file")
def test_a_linux_is_called_as_its_distribution_calls_itself() -> None:
    release = platform.freedesktop_os_release()
    assert facts().system == f"{release['NAME']} {release['VERSION_ID']}"


def test_nothing_says_who_uses_it() -> None:
    assert getpass.getuser() not in facts().system
