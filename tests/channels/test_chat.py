import pytest

from ezp2p.base.errors import PeerError
from ezp2p.channels.chat.end import (
    ACCEPTED_AT_ONCE,
    HELD_LINES,
    LINE_LENGTH,
    WRITTEN_AT_ONCE,
    WRITTEN_PER_S,
    ChatEnd,
    ChatSaid,
)
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.messages.chat import ChatLine
from ezp2p.wire.messages.input import ReleaseAll

NOW = 1000.0


def opened() -> ChatEnd:
    end = ChatEnd()
    end.allow(True)
    return end


def carry(sender: ChatEnd, receiver: ChatEnd, now: float = NOW) -> int:
    """Take what `sender` wants sent over the wire to `receiver`; return how many lines."""
    codec = CODECS[Channel.CHAT]
    count = 0
    for message in sender.messages_to_send():
        decoded = codec.decode(codec.encode(message))
        assert decoded is not None
        receiver.receive(decoded, now)
        count += 1
    return count


def theirs(end: ChatEnd) -> list[str]:
    return [said.text for said in end.next_events() if not said.mine]


# --- two people


def test_both_write_and_both_see_all_lines_in_order() -> None:
    customer, counselor = opened(), opened()
    customer.say("안녕하세요", NOW)
    carry(customer, counselor)
    counselor.say("hello", NOW)
    counselor.say("what is wrong?", NOW)
    carry(counselor, customer)
    assert list(customer.next_events()) == [
        ChatSaid(mine=True, number=1, text="안녕하세요"),
        ChatSaid(mine=False, number=1, text="hello"),
        ChatSaid(mine=False, number=2, text="what is wrong?"),
    ]
    assert theirs(counselor) == ["안녕하세요"]


def test_a_long_text_arrives_whole_in_several_lines() -> None:
    customer, counselor = opened(), opened()
    text = "가나다라" * 3000
    customer.say(text, NOW)
    assert carry(customer, counselor) == 3
    heard = theirs(counselor)
    assert "".join(heard) == text
    assert max(map(len, heard)) == LINE_LENGTH


def test_white_space_alone_is_no_line() -> None:
    end = opened()
    for text in ("", " ", "\r\n\t "):
        end.say(text, NOW)
    assert list(end.messages_to_send()) == []
    assert list(end.next_events()) == []


def test_white_space_at_the_end_is_taken_off() -> None:
    end = opened()
    end.say("  indented \n", NOW)
    assert list(end.messages_to_send()) == [ChatLine(1, "  indented")]


# --- permission


def test_nothing_is_written_before_chat_is_open() -> None:
    end = ChatEnd()
    end.say("hello", NOW)
    end.allow(True)
    assert list(end.messages_to_send()) == []
    assert list(end.next_events()) == []


def test_a_line_that_overtook_the_grant_is_shown_once_chat_is_open() -> None:
    end = ChatEnd()
    end.receive(ChatLine(1, "early"), NOW)
    assert list(end.next_events()) == []
    end.allow(True)
    end.receive(ChatLine(2, "late"), NOW)
    assert theirs(end) == ["early", "late"]


def test_a_line_on_its_way_when_chat_closes_breaks_no_rule_and_is_not_lost() -> None:
    customer, counselor = opened(), opened()
    counselor.say("one moment", NOW)
    customer.allow(False)
    carry(counselor, customer)
    assert list(customer.next_events()) == []
    customer.allow(True)
    assert theirs(customer) == ["one moment"]


def test_who_keeps_writing_before_chat_is_open_breaks_the_rules() -> None:
    end = ChatEnd()
    for number in range(1, HELD_LINES + 1):
        end.receive(ChatLine(number, "let me in"), NOW + number)
    with pytest.raises(PeerError):
        end.receive(ChatLine(HELD_LINES + 1, "let me in"), NOW + 100)


# --- what a hostile peer tries


@pytest.mark.parametrize("numbers", [[0], [2], [1, 1], [1, 3], [1, 2, 1]])
def test_lines_are_counted_without_gap_or_repetition(numbers: list[int]) -> None:
    end = opened()
    for number in numbers[:-1]:
        end.receive(ChatLine(number, "x"), NOW)
    with pytest.raises(PeerError):
        end.receive(ChatLine(numbers[-1], "x"), NOW)


def test_a_flood_breaks_the_rules() -> None:
    end = opened()
    for number in range(1, ACCEPTED_AT_ONCE + 1):
        end.receive(ChatLine(number, "x"), NOW)
    with pytest.raises(PeerError):
        end.receive(ChatLine(ACCEPTED_AT_ONCE + 1, "x"), NOW)


def test_a_message_of_another_channel_breaks_the_rules() -> None:
    with pytest.raises(PeerError):
        opened().receive(ReleaseAll(), NOW)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("windows\r\nold mac\rend", "windows\nold mac\nend"),
        ("bell\x07 escape\x1b[2J nul\x00 del\x7f c1\x9b", "bell� escape�[2J nul� del� c1�"),
        ("invoice\u202efdp.exe", "invoice�fdp.exe"),
        ("\u2067isolated\u2069", "�isolated�"),
        ("שלום\u200f! 안녕 👍🏽", "שלום\u200f! 안녕 👍🏽"),
    ],
)
def test_text_is_shown_without_what_acts_on_the_reader(sent: str, shown: str) -> None:
    end = opened()
    end.receive(ChatLine(1, sent), NOW)
    assert theirs(end) == [shown]


def test_half_a_surrogate_pair_does_not_break_the_writer() -> None:
    customer, counselor = opened(), opened()
    customer.say("broken \ud83d", NOW)
    carry(customer, counselor)
    assert theirs(counselor) == ["broken �"]


# --- our own pace


def test_what_is_written_too_fast_is_sent_later_and_all_of_it() -> None:
    customer, counselor = opened(), opened()
    count = WRITTEN_AT_ONCE + 30
    for number in range(count):
        customer.say(str(number), NOW)
    assert carry(customer, counselor) == WRITTEN_AT_ONCE
    now = NOW
    while customer.wake_at is not None:
        assert customer.wake_at > now
        now = customer.wake_at
        customer.wake(now)
        carry(customer, counselor, now)
    assert theirs(counselor) == [str(number) for number in range(count)]
    assert now == pytest.approx(NOW + 30 / WRITTEN_PER_S)


def test_what_is_written_while_the_link_is_broken_is_sent_afterwards_and_is_no_flood() -> None:
    sender, receiver = opened(), opened()
    sender.hold_back(True, NOW)
    lines = 4 * ACCEPTED_AT_ONCE
    for number in range(lines):
        sender.say(f"line {number}", NOW + number)
    assert carry(sender, receiver) == 0
    assert sender.wake_at is None
    now = NOW + lines
    sender.hold_back(False, now)
    heard = carry(sender, receiver, now)
    while sender.wake_at is not None:
        now = sender.wake_at
        sender.wake(now)
        heard += carry(sender, receiver, now)
    assert heard == lines


def test_a_minute_of_steady_writing_may_arrive_at_once() -> None:
    customer, counselor = opened(), opened()
    for number in range(200):
        customer.say(str(number), NOW)
    now = NOW
    while now < NOW + 60:
        assert customer.wake_at is not None
        now = customer.wake_at
        customer.wake(now)
    assert carry(customer, counselor, now) >= 60
