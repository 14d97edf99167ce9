"""The choice among paths, in virtual time."""

from __future__ import annotations

from ezp2p.nat.paths import MAX_LEARNED, MAX_NAMED, PathSuspected, PathTable, PathWidened
from ezp2p.nat.pings import PingSigner
from ezp2p.nat.route import Address, Route
from ezp2p.wire.keys import PathKind, Role
from tests.nat.network import LAN, RELAY, WIFI, Network, Road


def _strangers(count: int) -> list[Route]:
    return [
        Route(PathKind.DIRECT_LAN, Address(f"10.0.{n // 250}.{n % 250 + 1}", 5))
        for n in range(count)
    ]


def test_first_path_that_answers_is_used_and_a_better_kind_after_two_pongs() -> None:
    net = Network({RELAY: Road(0.005), LAN: Road(0.05)})
    net.add_all()
    net.run(1)
    assert [route for _, route in net.changes()] == [RELAY, LAN]
    assert net.changes()[0][0] < 100.02
    assert net.changes()[1][0] < 100.3


def test_better_path_that_comes_late_is_taken_all_the_same() -> None:
    net = Network({RELAY: Road(), LAN: Road(open=False)})
    net.add_all()
    net.run(600)
    net.roads[LAN].open = True
    net.run(31)
    assert net.ends[Role.CUSTOMER].routes == (LAN,)
    assert net.ends[Role.COUNSELOR].routes == (LAN,)


def test_dead_path_is_doubled_within_half_a_second_and_left_within_two() -> None:
    net = Network({RELAY: Road(), LAN: Road()})
    net.add_all()
    net.run(10)
    net.roads[LAN].open = False
    net.run(0.62)  # the last sign of life was up to 0.2 s ago
    assert net.ends[Role.CUSTOMER].routes == (LAN, RELAY)
    suspected = [at for at, e in net.events[Role.CUSTOMER] if isinstance(e, PathSuspected)]
    assert suspected[0] - 110 <= 0.5
    net.run(1.4)
    assert net.ends[Role.CUSTOMER].routes == (RELAY,)
    net.roads[LAN].open = True
    net.run(6)
    assert net.ends[Role.CUSTOMER].routes == (LAN,)


def test_slow_path_is_given_four_round_trips_before_it_is_suspected() -> None:
    net = Network({RELAY: Road(), LAN: Road(0.3)})
    net.add_all()
    net.run(20)
    assert net.ends[Role.CUSTOMER].routes == (LAN,)
    assert not any(isinstance(event, PathSuspected) for _, event in net.events[Role.CUSTOMER])


def test_paths_of_one_kind_do_not_flap() -> None:
    net = Network({LAN: Road(0.005), WIFI: Road(0.0045)})
    net.add_all()
    net.run(120)
    assert len(net.changes()) == 1
    net.roads[LAN].delay_s = net.roads[WIFI].delay_s = 0.05
    best = net.ends[Role.CUSTOMER].routes[0]
    other = WIFI if best == LAN else LAN
    net.roads[other].delay_s = 0.001
    net.run(60)
    assert net.ends[Role.CUSTOMER].routes == (other,)


def test_a_tenth_of_all_datagrams_lost_moves_nothing() -> None:
    net = Network({RELAY: Road(loss=0.1), LAN: Road(loss=0.1)})
    net.add_all()
    net.run(5)
    moved = len(net.changes())
    net.run(300)
    assert net.ends[Role.CUSTOMER].routes[0] == LAN
    assert len(net.changes()) <= moved + 2


def test_only_path_comes_back_after_a_long_outage() -> None:
    net = Network({RELAY: Road()})
    net.add_all()
    net.run(5)
    net.roads[RELAY].open = False
    net.run(3600)
    assert net.ends[Role.CUSTOMER].routes == (RELAY,)
    net.roads[RELAY].open = True
    net.run(5.5)
    last = net.events[Role.CUSTOMER][-1][1]
    assert getattr(last, "after_silence", False)
    heard_at = net.ends[Role.CUSTOMER].heard_at
    assert heard_at is not None
    assert net.now - heard_at < 2


def test_quiet_link_keeps_every_path_warm_with_little() -> None:
    net = Network({RELAY: Road(), LAN: Road()})
    net.add_all()
    net.run(10)
    net.roads[RELAY].passed = net.roads[LAN].passed = 0
    net.run(60, used=False)
    assert 40 <= net.roads[RELAY].passed <= 60  # both ends, a ping and a pong each 5 s
    assert net.roads[LAN].passed <= 300


def test_waking_after_a_sleep_suspects_nobody() -> None:
    net = Network({RELAY: Road(), LAN: Road()})
    net.add_all()
    net.run(10)
    net.now += 30  # the machine was suspended
    net.run(1)
    assert net.ends[Role.CUSTOMER].routes == (LAN,)
    assert len(net.changes()) == 2


def test_unknown_sender_is_learned_from_an_authentic_ping_only() -> None:
    table = PathTable(b"k" * 32, Role.CUSTOMER)
    peer = PingSigner(b"k" * 32, Role.COUNSELOR)
    forger = PingSigner(b"x" * 32, Role.COUNSELOR)
    assert not table.receive(forger.ping(PathKind.PUNCHED)[1], LAN, 0.0)
    assert not table.receive(
        PingSigner(b"k" * 32, Role.CUSTOMER).ping(PathKind.PUNCHED)[1], LAN, 0.0
    )
    assert not table.receive(peer.pong(1), LAN, 0.0)
    assert not table.knows(LAN)
    assert not table.routes
    assert list(table.parcels()) == []
    assert table.receive(peer.ping(PathKind.PUNCHED)[1], LAN, 0.0)
    assert table.knows(LAN)
    assert table.routes == (LAN,)


def test_pong_to_a_ping_of_another_route_proves_nothing() -> None:
    table = PathTable(b"k" * 32, Role.CUSTOMER)
    peer = PingSigner(b"k" * 32, Role.COUNSELOR)
    table.add([LAN, WIFI], 0.0)
    ping = next(parcel for parcel in table.parcels() if parcel.route == LAN).data
    number = int.from_bytes(ping[1:9], "big")
    assert not table.receive(peer.pong(number), WIFI, 0.01)
    assert table.receive(peer.pong(number), LAN, 0.01)


def test_hundred_named_addresses_cost_strangers_little() -> None:
    table = PathTable(b"k" * 32, Role.CUSTOMER)
    table.add(_strangers(100), 0.0)
    sent: dict[Route, int] = {}
    total_bytes = 0
    while table.wake_at is not None and table.wake_at < 60:
        table.wake(table.wake_at)
        for parcel in table.parcels():
            sent[parcel.route] = sent.get(parcel.route, 0) + 1
            total_bytes += len(parcel.data)
    assert len(sent) == MAX_NAMED
    assert max(sent.values()) <= 20
    assert total_bytes < 8000


def test_replayed_pings_from_many_places_teach_nothing() -> None:
    table = PathTable(b"k" * 32, Role.CUSTOMER)
    peer = PingSigner(b"k" * 32, Role.COUNSELOR)
    for route in _strangers(50):
        table.receive(peer.ping(PathKind.PUNCHED)[1], route, 0.0)
    assert sum(table.knows(route) for route in _strangers(50)) == MAX_LEARNED


def test_peer_whose_network_renumbers_it_for_hours_is_learned_anew_each_time() -> None:
    table = PathTable(b"k" * 32, Role.CUSTOMER)
    peer = PingSigner(b"k" * 32, Role.COUNSELOR)
    now = 0.0
    for route in _strangers(50):
        assert table.receive(peer.ping(PathKind.PUNCHED)[1], route, now)
        assert table.knows(route)
        for _ in range(600):  # ten minutes later it is another one
            now += 1
            table.wake(now)
            list(table.parcels())
    assert sum(table.knows(route) for route in _strangers(50)) == MAX_LEARNED


def test_size_of_datagrams_is_what_passes() -> None:
    net = Network({RELAY: Road(), LAN: Road(widest=1450)}, unfragmented=True)
    net.add_all()
    net.run(3)
    widths = [e.datagram_bytes for _, e in net.events[Role.CUSTOMER] if isinstance(e, PathWidened)]
    assert widths[-1] == 1444


def test_size_is_not_tried_where_the_system_would_fragment() -> None:
    net = Network({LAN: Road(widest=9000)})
    net.add_all()
    net.run(3)
    assert not any(isinstance(event, PathWidened) for _, event in net.events[Role.CUSTOMER])
