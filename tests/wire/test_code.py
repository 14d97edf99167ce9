"""The access code: what a person may type, and which slips the check digit catches."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ezp2p.base.errors import UsageError
from ezp2p.wire.code import AccessCode, damm, new_secret, parse_code

codes = some.builds(
    AccessCode,
    some.from_regex(r"[0-9]{3}", fullmatch=True, alphabet="0123456789"),
    some.from_regex(r"[0-9]{5}", fullmatch=True, alphabet="0123456789"),
)


@settings(deadline=None)
@given(codes)
def test_shown_code_reads_back(code: AccessCode) -> None:
    shown = str(code)

    assert len(shown) == len("417 905 382")
    assert parse_code(shown) == code


@settings(deadline=None)
@given(codes)
def test_every_single_wrong_digit_is_caught(code: AccessCode) -> None:
    digits = str(code).replace(" ", "")
    for place, right in enumerate(digits):
        for wrong in set("0123456789") - {right}:
            assert damm(digits[:place] + wrong + digits[place + 1 :]) != 0


@settings(deadline=None)
@given(codes)
def test_every_swap_of_neighbours_is_caught(code: AccessCode) -> None:
    digits = str(code).replace(" ", "")
    for place, (left, right) in enumerate(pairwise(digits)):
        if left != right:
            assert damm(digits[:place] + right + left + digits[place + 2 :]) != 0


def test_no_state_of_the_check_digit_forgives_a_slip() -> None:
    """All there is: each of the ten states, each pair of digits. So it holds for any length."""
    digits = "0123456789"
    prefixes = {damm(prefix): prefix for prefix in digits}
    assert len(prefixes) == 10
    for prefix, x, y in product(prefixes.values(), digits, digits):
        if x != y:
            assert damm(prefix + x) != damm(prefix + y)
            assert damm(prefix + x + y) != damm(prefix + y + x)
    for (one, other), digit in product(permutations(digits, 2), digits):
        assert damm(one + digit) != damm(other + digit)


def test_damm_agrees_with_the_published_example() -> None:
    assert damm("572") == 4  # H. M. Damm's own; so 5724 is valid
    assert damm("5724") == 0


@pytest.mark.parametrize(
    "typed", ["{}", " {} ", "{0[0]}-{0[1]}-{0[2]}", "{0[0]}.{0[1]}.{0[2]}", "{0[0]}{0[1]}{0[2]}"]
)
def test_blanks_dots_and_dashes_do_not_matter(typed: str) -> None:
    code = AccessCode("417", "90538")
    groups = str(code).split()

    assert parse_code(typed.format(groups if "0[" in typed else str(code))) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "417",
        "417 905 38",
        "417 905 3821",
        "417 905 38x",
        "٤١٧ ٩٠٥ ٣٨٢",
        "417 905 38\N{SUPERSCRIPT TWO}",
    ],
)
def test_anything_but_nine_digits_is_mistyped(typed: str) -> None:
    with pytest.raises(UsageError, match=r"code\.mistyped"):
        parse_code(typed)


@settings(deadline=None)
@given(some.text(max_size=40))
def test_any_text_is_a_code_or_mistyped(typed: str) -> None:
    try:
        code = parse_code(typed)
    except UsageError as error:
        assert error.key == "code.mistyped"
    else:
        assert parse_code(str(code)) == code


def test_secrets_have_five_digits_and_differ() -> None:
    secrets = {new_secret() for _ in range(100)}

    assert all(len(secret) == 5 and secret.isdigit() for secret in secrets)
    assert len(secrets) > 90  # 100 of 100,000: five twins among them happen once in 10**8 runs
