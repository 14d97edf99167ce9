"""The counselor's hand: both ends joined in memory, the real worker thread, a sink that records."""

import queue
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest

from ezp2p.base.errors import PeerError, Unavailable
from ezp2p.channels.input.counselor import CounselorInput, Marked
from ezp2p.channels.input.customer import CustomerInput, PointerPlaced
from ezp2p.channels.input.worker import TYPED_AT_ONCE, WAITING_MOST, InputWorker
from ezp2p.desktop.input import InputSink
from ezp2p.desktop.input.fake import FakeInput
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.chat import ChatLine
from ezp2p.wire.messages.input import (
    ButtonChanged,
    InputMark,
    InputMarked,
    InputMessage,
    KeyChanged,
    MouseButton,
    PointerMoved,
    ReleaseAll,
    TextTyped,
    WheelTurned,
)

NOW = 1000.0
LONG_S = 20.0  # a limit for what happens at once, on a machine that is busy


class GatedInput(FakeInput):
    """Stops at every injection while its gate is shut, as a slow system does."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.at_gate = threading.Semaphore(0)
        self.closed = threading.Event()

    def key(self, code: str, *, down: bool) -> None:
        self._pass_gate()
        super().key(code, down=down)

    def type_text(self, text: str) -> None:
        self._pass_gate()
        super().type_text(text)

    def close(self) -> None:
        super().close()
        self.closed.set()

    def _pass_gate(self) -> None:
        self.at_gate.release()
        assert self.gate.wait(LONG_S)


class Machine:
    """A customer's machine with its worker running, and a counselor joined to it."""

    def __init__(self, open_sink: Callable[[], InputSink] | None = None) -> None:
        self.sink = GatedInput()
        self.opened = 0
        self.marks: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.failures: queue.SimpleQueue[Unavailable] = queue.SimpleQueue()
        self.worker = InputWorker(open_sink or self._open, self.marks.put, self.failures.put)
        self.customer, self.counselor = CustomerInput(self.worker), CounselorInput()
        self.worker.start()
        self._mark = 0

    def allow(self) -> None:
        self.customer.allow(True)
        self.counselor.allow(True)

    def do(self, *messages: InputMessage) -> None:
        """The counselor's page says these, and they arrive."""
        for message in messages:
            self.counselor.page_said(message, NOW)
            self.carry()

    def carry(self) -> None:
        codec = CODECS[Channel.INPUT]
        for source, target in (
            (self.counselor, self.customer),
            (self.customer, self.counselor),
        ):
            for message in source.messages_to_send():
                decoded = codec.decode(codec.encode(message))
                assert decoded is not None
                target.receive(decoded, NOW)

    def settle(self) -> None:
        """Wait until everything that was put has been injected."""
        self._mark += 1
        self.worker.put(InputMark(self._mark))
        while self.marks.get(timeout=LONG_S) != self._mark:
            pass

    def _open(self) -> InputSink:
        self.opened += 1
        return self.sink


@pytest.fixture
def machine() -> Iterator[Machine]:
    machine = Machine()
    yield machine
    machine.sink.gate.set()
    assert machine.worker.stop(LONG_S)


def typed(sink: FakeInput) -> str:
    return "".join(str(step[1]) for step in sink.done if step[0] == "text")


# --- what is allowed arrives


def test_pointer_keys_and_text_are_injected_in_their_order(machine: Machine) -> None:
    machine.allow()
    machine.do(
        PointerMoved(3, 4),
        ButtonChanged(5, 6, MouseButton.LEFT, True),
        TextTyped("ab"),
        KeyChanged("ShiftLeft", True),
        KeyChanged("KeyA", True),
        KeyChanged("KeyA", False),
        TextTyped("cd"),
        WheelTurned(7, 8, 0, -120),
        KeyChanged("ShiftLeft", False),
        ButtonChanged(9, 9, MouseButton.LEFT, False),
    )
    machine.settle()
    assert machine.sink.done == [
        ("move", 3, 4),
        ("move", 5, 6),
        ("button", MouseButton.LEFT, True),
        ("text", "ab"),
        ("key", "ShiftLeft", True),
        ("key", "KeyA", True),
        ("key", "KeyA", False),
        ("text", "cd"),
        ("move", 7, 8),
        ("wheel", 0, -120),
        ("key", "ShiftLeft", False),
        ("move", 9, 9),
        ("button", MouseButton.LEFT, False),
    ]


def test_text_arrives_whole_in_small_pieces(machine: Machine) -> None:
    machine.allow()
    text = "동해물과 백두산이\r\n마르고 닳도록 " * 10
    machine.do(TextTyped(text))
    machine.settle()
    assert typed(machine.sink) == text.replace("\r\n", "\n")
    assert max(len(str(step[1])) for step in machine.sink.done) <= TYPED_AT_ONCE


def test_a_mark_is_answered_when_everything_before_it_is_injected(machine: Machine) -> None:
    machine.allow()
    machine.sink.gate.clear()
    machine.do(KeyChanged("KeyA", True), InputMark(77))
    assert machine.sink.at_gate.acquire(timeout=LONG_S)
    assert machine.marks.empty()
    machine.sink.gate.set()
    machine.customer.marked(machine.marks.get(timeout=LONG_S))
    machine.carry()
    assert machine.sink.done == [("key", "KeyA", True)]
    assert list(machine.counselor.next_events()) == [Marked(77)]


def test_the_injector_is_opened_at_the_first_use_and_once(machine: Machine) -> None:
    machine.allow()
    assert machine.opened == 0
    machine.do(PointerMoved(1, 1))
    machine.settle()
    machine.do(PointerMoved(2, 2))
    machine.settle()
    assert machine.opened == 1


def test_a_place_beyond_the_picture_is_put_on_its_edge(machine: Machine) -> None:
    machine.allow()
    machine.customer.fit(800, 600)
    machine.do(PointerMoved(799, 599), ButtonChanged(65535, 600, MouseButton.RIGHT, True))
    machine.settle()
    assert machine.sink.done[:2] == [("move", 799, 599), ("move", 799, 599)]


def test_places_are_told_so_that_the_pointer_is_not_echoed(machine: Machine) -> None:
    machine.allow()
    machine.customer.fit(100, 100)
    machine.do(PointerMoved(1, 2), WheelTurned(300, 4, 0, 120), KeyChanged("KeyA", True))
    assert list(machine.customer.next_events()) == [PointerPlaced(1, 2), PointerPlaced(99, 4)]


# --- what is not allowed does not


def test_nothing_reaches_a_machine_that_has_granted_nothing(machine: Machine) -> None:
    for message in (
        PointerMoved(1, 1),
        ButtonChanged(1, 1, MouseButton.LEFT, True),
        WheelTurned(1, 1, 0, 120),
        KeyChanged("KeyA", True),
        TextTyped("rm -rf"),
        ReleaseAll(),
        InputMark(1),
    ):
        machine.customer.receive(message, NOW)
    machine.settle()
    assert machine.customer.dropped == 7
    assert machine.sink.done == []
    assert list(machine.customer.next_events()) == []


def test_a_counselor_without_the_grant_sends_nothing(machine: Machine) -> None:
    machine.customer.allow(True)
    machine.do(KeyChanged("KeyA", True), TextTyped("x"), ReleaseAll())
    machine.settle()
    assert machine.sink.done == []


def test_no_event_in_flight_is_injected_after_permission_ends(machine: Machine) -> None:
    machine.allow()
    machine.do(KeyChanged("ControlLeft", True))
    machine.settle()
    machine.sink.gate.clear()
    for number in range(1000):
        machine.do(KeyChanged("KeyA", number % 2 == 0))
    for _ in range(2):  # ControlLeft, then the first KeyA
        assert machine.sink.at_gate.acquire(timeout=LONG_S)
    machine.customer.allow(False)
    machine.sink.gate.set()
    machine.settle()
    # The one that had begun when permission ended, then the letting go; nothing else.
    assert machine.sink.done == [
        ("key", "ControlLeft", True),
        ("key", "KeyA", True),
        ("release",),
    ]
    assert machine.sink.down == set()


def test_text_being_typed_stops_when_permission_ends(machine: Machine) -> None:
    machine.allow()
    machine.sink.gate.clear()
    machine.do(TextTyped("a" * 2000), TextTyped("b" * 2000))
    assert machine.sink.at_gate.acquire(timeout=LONG_S)
    machine.customer.allow(False)
    machine.sink.gate.set()
    machine.settle()
    assert typed(machine.sink) == ""
    machine.customer.allow(True)
    machine.do(TextTyped("c"))
    machine.settle()
    assert typed(machine.sink) == "c"


def test_a_mark_of_before_is_not_answered_once_permission_has_ended(machine: Machine) -> None:
    machine.allow()
    machine.do(InputMark(5))
    mark = machine.marks.get(timeout=LONG_S)
    machine.customer.allow(False)
    machine.customer.marked(mark)
    assert list(machine.customer.messages_to_send()) == []


def test_permission_given_again_works_again(machine: Machine) -> None:
    machine.allow()
    machine.do(KeyChanged("KeyA", True))
    machine.settle()
    machine.customer.allow(False)
    machine.customer.allow(True)
    machine.do(KeyChanged("KeyB", True))
    machine.settle()
    assert machine.sink.down == {"KeyB"}


def test_stopping_now_works_from_another_thread_and_for_good(machine: Machine) -> None:
    machine.allow()
    machine.do(KeyChanged("KeyA", True))
    machine.settle()
    machine.sink.gate.clear()
    machine.do(TextTyped("x" * 500), KeyChanged("KeyB", True))
    for _ in range(2):  # KeyA, then the text
        assert machine.sink.at_gate.acquire(timeout=LONG_S)
    thread = threading.Thread(target=machine.worker.stop_now)
    thread.start()
    thread.join(LONG_S)
    assert not thread.is_alive()
    machine.do(KeyChanged("KeyC", True))
    machine.sink.gate.set()
    assert machine.worker.stop(LONG_S)
    done = [step for step in machine.sink.done if step != ("release",)]
    assert done == [("key", "KeyA", True), ("close",)]
    assert machine.sink.down == set()


def test_stopping_gives_the_injector_back_with_nothing_down() -> None:
    machine = Machine()
    machine.allow()
    machine.do(KeyChanged("KeyA", True))
    machine.settle()
    assert machine.worker.stop(LONG_S)
    assert machine.sink.closed.is_set()
    assert machine.sink.down == set()


# --- too much


def test_moves_give_way_when_the_system_is_slow_and_no_key_is_lost(machine: Machine) -> None:
    machine.allow()
    machine.sink.gate.clear()
    machine.do(KeyChanged("KeyA", True))
    assert machine.sink.at_gate.acquire(timeout=LONG_S)
    for place in range(3 * WAITING_MOST):
        machine.do(PointerMoved(place, 0))
        if place % 1000 == 0:
            machine.do(TextTyped("k"))
    machine.sink.gate.set()
    machine.settle()
    assert typed(machine.sink) == "kkkkkk"
    assert machine.sink.done[-1] == ("move", 3 * WAITING_MOST - 1, 0)


def test_more_keys_than_a_hand_can_press_break_the_rules(machine: Machine) -> None:
    machine.allow()
    machine.sink.gate.clear()
    machine.do(KeyChanged("KeyA", True))
    assert machine.sink.at_gate.acquire(timeout=LONG_S)
    for _ in range(WAITING_MOST):
        machine.do(KeyChanged("KeyA", True))
    with pytest.raises(PeerError):
        machine.do(KeyChanged("KeyA", True))


# --- a machine that cannot be operated


def test_a_machine_without_injector_says_so_once_for_each_permission() -> None:
    def cannot() -> InputSink:
        raise Unavailable(ErrorKey.INPUT_UNAVAILABLE, why="no display")

    machine = Machine(cannot)
    machine.allow()
    machine.do(KeyChanged("KeyA", True), KeyChanged("KeyB", True), KeyChanged("KeyC", True))
    assert machine.failures.get(timeout=LONG_S).key == ErrorKey.INPUT_UNAVAILABLE
    machine.customer.allow(False)
    machine.customer.allow(True)
    machine.do(KeyChanged("KeyD", True), KeyChanged("KeyE", True))
    assert machine.failures.get(timeout=LONG_S).fields["why"] == "no display"
    assert machine.worker.stop(LONG_S)
    assert machine.failures.empty()


class BreakingInput(FakeInput):
    """Works for one key, then its display is gone."""

    def key(self, code: str, *, down: bool) -> None:
        if self.done:
            raise OSError("display gone")
        super().key(code, down=down)


def test_an_injector_that_breaks_is_given_back_and_reported() -> None:
    sink = BreakingInput()
    machine = Machine(lambda: sink)
    machine.allow()
    machine.do(KeyChanged("KeyA", True), KeyChanged("KeyB", True), KeyChanged("KeyC", True))
    assert "display gone" in str(machine.failures.get(timeout=LONG_S))
    assert machine.worker.stop(LONG_S)
    assert machine.failures.empty()
    assert sink.done == [("key", "KeyA", True), ("close",)]


# --- the counselor's side


def sent(counselor: CounselorInput) -> list[msgspec.Struct]:
    return list(counselor.messages_to_send())


def test_what_is_held_is_let_go_of_once_when_the_counselor_may_no_more() -> None:
    counselor = CounselorInput()
    counselor.allow(True)
    counselor.page_said(KeyChanged("AltLeft", True), NOW)
    counselor.page_said(ButtonChanged(1, 1, MouseButton.LEFT, True), NOW)
    sent(counselor)
    counselor.allow(False)
    counselor.allow(False)
    assert sent(counselor) == [ReleaseAll()]
    counselor.allow(True)
    counselor.allow(False)
    assert sent(counselor) == []


def test_nothing_held_needs_no_letting_go() -> None:
    counselor = CounselorInput()
    counselor.allow(True)
    counselor.page_said(KeyChanged("KeyA", True), NOW)
    counselor.page_said(KeyChanged("KeyA", False), NOW)
    sent(counselor)
    counselor.page_said(ReleaseAll(), NOW)
    assert sent(counselor) == []


def test_a_letting_go_that_was_not_sent_yet_is_not_forgotten() -> None:
    counselor = CounselorInput()
    counselor.allow(True)
    counselor.page_said(KeyChanged("KeyA", True), NOW)
    sent(counselor)
    counselor.page_said(KeyChanged("KeyA", False), NOW)
    counselor.allow(False)
    assert sent(counselor) == [ReleaseAll()]


def test_moves_that_wait_to_be_sent_become_one() -> None:
    counselor = CounselorInput()
    counselor.allow(True)
    for place in range(5):
        counselor.page_said(PointerMoved(place, 0), NOW)
    counselor.page_said(KeyChanged("KeyA", True), NOW)
    counselor.page_said(PointerMoved(9, 9), NOW)
    assert sent(counselor) == [PointerMoved(4, 0), KeyChanged("KeyA", True), PointerMoved(9, 9)]


@pytest.mark.parametrize("message", [InputMarked(1), ChatLine(1, "x"), None])
def test_the_page_says_only_what_a_counselor_may_say(message: msgspec.Struct | None) -> None:
    counselor = CounselorInput()
    counselor.allow(True)
    counselor.page_said(message, NOW)
    assert sent(counselor) == []


@pytest.mark.parametrize("message", [KeyChanged("KeyA", True), TextTyped("x"), InputMark(1)])
def test_a_customer_does_not_operate_the_counselor(message: msgspec.Struct) -> None:
    counselor = CounselorInput()
    counselor.allow(True)
    with pytest.raises(PeerError):
        counselor.receive(message, NOW)


@pytest.mark.parametrize("message", [InputMarked(1), ChatLine(1, "x")])
def test_a_counselor_says_only_input(machine: Machine, message: msgspec.Struct) -> None:
    machine.allow()
    with pytest.raises(PeerError):
        machine.customer.receive(message, NOW)
