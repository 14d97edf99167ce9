import pytest

from ezp2p.channels.screen.flow import FEWEST, MOST, Flow


def run(flow: Flow, delay_s: float, *, frames: int, now: float = 0.0) -> float:
    """Keep the window full over a link that shows each frame after `delay_s`; return the time."""
    sent: list[tuple[int, float]] = []
    for _ in range(frames):
        while len(sent) < flow.window:
            sent.append((flow.sent(now), now))
        number, at = sent.pop(0)
        now = max(now, at + delay_s)
        flow.shown(number, now)
    return now


def test_a_long_link_is_filled_with_more_frames() -> None:
    flow = Flow()
    run(flow, 0.2, frames=40)
    assert flow.window == MOST


def test_a_queue_shrinks_the_window() -> None:
    flow = Flow()
    now = run(flow, 0.02, frames=40)
    assert flow.window == MOST
    run(flow, 0.2, frames=20, now=now)
    assert flow.window == FEWEST


def test_another_path_gets_another_floor() -> None:
    flow = Flow()
    now = run(flow, 0.02, frames=40)
    run(flow, 0.2, frames=400, now=now)
    assert flow.window == MOST


def test_an_answer_frees_the_frames_before_it_too() -> None:
    flow = Flow()
    first, second, third = (flow.sent(0.0) for _ in range(3))
    assert flow.shown(second, 1.0) == 2
    assert flow.shown(first, 1.0) == 0
    assert flow.shown(third, 1.0) == 1


@pytest.mark.parametrize("number", [-1, 1, 2**32])
def test_a_number_that_was_never_sent_frees_nothing(number: int) -> None:
    flow = Flow()
    flow.sent(0.0)
    assert flow.shown(number, 1.0) == 0


def test_latency_is_the_median_from_sending_to_shown() -> None:
    flow = Flow()
    assert (flow.frames_shown, flow.latency_s) == (0, 0.0)
    for delay_s in (0.03, 0.5, 0.01):
        flow.shown(flow.sent(10.0), 10.0 + delay_s)
    assert flow.frames_shown == 3
    assert flow.latency_s == pytest.approx(0.03)


def test_forgotten_frames_free_nothing() -> None:
    flow = Flow()
    number = flow.sent(0.0)
    flow.forget()
    assert flow.shown(number, 1.0) == 0
