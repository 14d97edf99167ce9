"""A keyring in memory, in the place of the system's."""

from __future__ import annotations

from keyring.errors import PasswordDeleteError


class RamKeyring:
    """Keeps secrets as a system's keyring does, for as long as it lives."""

    priority = 5.0

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")
