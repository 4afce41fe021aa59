import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.network.ipam import AddressManager, NoFreeAddress, Pool, adopt, mac_of


def test_addresses_are_given_in_order_and_never_the_ranges_ends():
    pool = Pool(range="10.244.1.0/29")
    given_out = [pool.allocate(f"pod-{i}") for i in range(5)]
    assert given_out == [f"10.244.1.{i}" for i in (2, 3, 4, 5, 6)]
    with pytest.raises(NoFreeAddress, match=r"no free address in the Pod range 10\.244\.1\.0/29 of this node: 5"):
        pool.allocate("one more")


def test_who_asks_again_gets_the_same_address():
    pool = Pool(range="10.244.1.0/24")
    assert pool.allocate("a") == pool.allocate("a") == "10.244.1.2"


def test_an_address_is_reused_as_late_as_possible():
    pool = Pool(range="10.244.1.0/29")
    for name in "abc":
        pool.allocate(name)
    pool.release("b")
    pool.release("a")
    assert [pool.allocate(name) for name in "defg"] == ["10.244.1.5", "10.244.1.6", "10.244.1.3", "10.244.1.2"]


def test_release_of_nothing_is_no_error():
    assert Pool(range="10.244.1.0/24").release("nobody") is False


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=60))
def test_no_address_is_ever_held_twice(steps):
    pool = Pool(range="10.244.1.0/29")
    for allocate, number in steps:
        if allocate:
            try:
                pool.allocate(str(number))
            except NoFreeAddress:
                assert len(pool.held) == 5
        else:
            pool.release(str(number))
        held = list(pool.held.values())
        assert len(set(held)) == len(held)
        assert not set(held) & set(pool.released)


def test_ranges_that_stay_keep_their_holders():
    old = [Pool(range="10.244.1.0/24", held={"a": "10.244.1.2"}), Pool(range="10.9.0.0/24", held={"a": "10.9.0.2"})]
    kept, fresh = adopt(old, ("10.244.1.0/24", "fd00::/64"))
    assert (kept.held, fresh.range, fresh.held) == ({"a": "10.244.1.2"}, "fd00::/64", {})


async def test_a_restart_finds_all_addresses_again(tmp_path):
    file = tmp_path / "node" / "addresses.json"
    before = AddressManager(file, ("10.244.1.0/24",))
    await before.allocate("a")
    await before.allocate("b")
    await before.release("a")
    after = AddressManager(file, ("10.244.1.0/24",))
    assert await after.held("b") == ("10.244.1.3",)
    assert await after.held("a") == ()
    assert await after.allocate("c") == ("10.244.1.4",)


async def test_many_at_once_get_different_addresses(tmp_path):
    manager = AddressManager(tmp_path / "a.json", ("10.244.1.0/24",))
    addresses = await asyncio.gather(*(manager.allocate(str(i)) for i in range(50)))
    assert len(set(addresses)) == 50


async def test_two_ranges_give_an_address_each_or_none(tmp_path):
    manager = AddressManager(tmp_path / "a.json", ("10.244.1.0/24", "fd00::/126"))
    assert await manager.allocate("a") == ("10.244.1.2", "fd00::2")
    assert await manager.allocate("b") == ("10.244.1.3", "fd00::3")
    with pytest.raises(NoFreeAddress):
        await manager.allocate("c")
    assert await manager.held("c") == ()


async def test_retain_lets_the_others_go(tmp_path):
    manager = AddressManager(tmp_path / "a.json", ("10.244.1.0/24",))
    for name in "abc":
        await manager.allocate(name)
    await manager.retain({"b"})
    assert [await manager.held(name) for name in "abc"] == [(), ("10.244.1.3",), ()]


def test_link_layer_addresses_follow_from_addresses():
    assert mac_of("10.244.1.5") == "0a:58:0a:f4:01:05"
    assert mac_of("fd00::5") == "0a:58:00:00:00:05"
