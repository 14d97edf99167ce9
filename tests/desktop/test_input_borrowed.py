"""Which keycode means which character, without a display."""

from __future__ import annotations

import pytest

from ezp2p.desktop.input.borrowed import REUSE_AFTER_S, Borrowed, is_free, keysym

A, B, C, D = (keysym(character) for character in "가나다라")


def type_all(borrowed: Borrowed, keysyms: list[int], now: float = 0.0) -> list[dict[int, int]]:
    """Type, and return what had to be changed before each batch."""
    changes = []
    for batch in borrowed.batches(keysyms):
        meanings = borrowed.meanings
        assert [meanings[keycode] for keycode in batch.keycodes] == keysyms[: len(batch.keycodes)]
        keysyms = keysyms[len(batch.keycodes) :]
        changes.append(batch.changes)
        for keycode in batch.keycodes:
            borrowed.pressed(keycode, now)
    assert not keysyms
    return changes


def test_a_text_that_fits_is_one_batch() -> None:
    assert type_all(Borrowed([93, 97, 103]), [A, B, A, C, A]) == [{93: A, 97: B, 103: C}]


def test_known_characters_change_nothing() -> None:
    borrowed = Borrowed([93, 97])
    type_all(borrowed, [A, B])
    assert type_all(borrowed, [B, A, B]) == [{}]


def test_the_longest_unused_keycode_is_taken_first() -> None:
    borrowed = Borrowed([93, 97, 103])
    for now, symbol in enumerate((A, B, C, A)):
        type_all(borrowed, [symbol], now)
    assert type_all(borrowed, [D], 5.0) == [{97: D}]


def test_a_keycode_of_this_batch_is_never_taken_for_another_character() -> None:
    borrowed = Borrowed([93, 97])
    type_all(borrowed, [A], 1.0)
    type_all(borrowed, [B], 2.0)
    assert type_all(borrowed, [A, C], 3.0) == [{97: C}]


def test_a_pressed_keycode_must_be_read_or_grow_old_before_it_changes() -> None:
    borrowed = Borrowed([93])
    type_all(borrowed, [A], 7.0)
    batch = next(iter(borrowed.batches([B])))
    assert (batch.unread, batch.not_before) == (True, 7.0 + REUSE_AFTER_S)
    borrowed.read()
    assert not next(iter(borrowed.batches([C]))).unread


def test_a_keycode_that_somebody_else_uses_is_given_up() -> None:
    borrowed = Borrowed([93, 97])
    type_all(borrowed, [A, B])
    borrowed.found({93: None, 97: 0})
    assert type_all(borrowed, [A, B]) == [{97: A}, {97: B}]


def test_without_keycodes_nothing_is_typed() -> None:
    assert list(Borrowed([]).batches([A])) == []


@pytest.mark.parametrize(
    ("symbols", "free"),
    [
        ([], True),
        ([0, 0, 0, 0], True),
        ([A, A, A, A, 0, 0], True),  # left by a program of ours that was killed
        ([0xE9, 0xE9, 0xE9, 0xE9], True),
        ([A], False),  # a layout with one Hangul letter on a key
        ([0x61, 0x41, 0x61, 0x41], False),
        ([0xFF0D, 0, 0xFF0D], False),  # Return
        ([A, B, A, B], False),
    ],
)
def test_only_empty_and_left_over_keycodes_are_free(symbols: list[int], free: bool) -> None:
    assert is_free(symbols) is free


@pytest.mark.parametrize(
    ("character", "symbol"),
    [
        ("가", 0x0100AC00),
        ("a", 0x01000061),
        ("é", 0xE9),
        ("😀", 0x0101F600),
        ("\n", 0xFF0D),
        ("\t", 0xFF09),
        ("\x00", 0),
        ("\x1b", 0),
        ("\x7f", 0),
        ("\x85", 0),
    ],
)
def test_each_character_has_its_keysym(character: str, symbol: int) -> None:
    assert keysym(character) == symbol
