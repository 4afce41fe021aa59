from hypothesis import given
from hypothesis import strategies as st

from podo.network.ruleset import Change, Fragment, Item, ItemKind, Ruleset, commands, removals

SET, CHAIN, ELEMENT = ItemKind.SET, ItemKind.CHAIN, ItemKind.ELEMENT


def element(name, key):
    return Item(ELEMENT, name, key)


def fragment(**elements):
    return Fragment({element("m", key): value for key, value in elements.items()})


def test_what_an_owner_wants_is_added_changed_and_removed():
    rules = Ruleset()
    rules.put("a", fragment(x="1", y="2"))
    assert rules.take() == [Change(element("m", "x"), None, "1"), Change(element("m", "y"), None, "2")]
    rules.put("a", fragment(y="3"))
    assert rules.take() == [Change(element("m", "x"), "1", None), Change(element("m", "y"), "2", "3")]
    assert rules.take() == []


def test_what_is_put_back_before_it_is_taken_is_no_change():
    rules = Ruleset()
    rules.put("a", fragment(x="1"))
    rules.take()
    rules.put("a", fragment())
    rules.put("a", fragment(x="1"))
    assert rules.take() == []


def test_a_shared_item_goes_with_its_last_owner():
    rules = Ruleset()
    rules.put("a", fragment(x=""))
    rules.put("b", fragment(x=""))
    rules.take()
    rules.put("a", Fragment())
    assert rules.take() == []
    rules.put("b", Fragment())
    assert rules.take() == [Change(element("m", "x"), "", None)]


def test_who_came_first_has_its_way_until_it_lets_go():
    rules = Ruleset()
    rules.put("a", fragment(x="1"))
    rules.put("b", fragment(x="2"))
    assert rules.take() == [Change(element("m", "x"), None, "1")]
    rules.put("a", Fragment())
    assert rules.take() == [Change(element("m", "x"), "1", "2")]


def test_lasting_items_stay_when_nobody_wants_them():
    rules, chain = Ruleset(), Item(CHAIN, "random-3")
    rules.put("a", Fragment({}, {chain: "x"}))
    assert rules.take() == [Change(chain, None, "x")]
    rules.put("a", Fragment())
    rules.put("b", Fragment({}, {chain: "x"}))
    assert rules.take() == []
    assert rules.everything() == [Change(chain, None, "x")]


def test_everything_is_all_that_is_wanted_now():
    rules = Ruleset()
    rules.put("a", fragment(x="1"))
    rules.take()
    rules.put("b", fragment(y="2"))
    assert rules.everything() == [Change(element("m", "x"), None, "1"), Change(element("m", "y"), None, "2")]
    assert rules.take() == []


def test_commands_make_things_before_they_are_used():
    made = commands(
        "ip t",
        [
            Change(Item(SET, "clients", "set"), None, "type ipv4_addr;"),
            Change(Item(CHAIN, "c"), None, "first\nsecond"),
            Change(element("services", "1.2.3.4 . tcp . 80"), None, "goto c"),
            Change(element("known", "1.1.1.1 . 1.1.1.1"), None, ""),
        ],
    )
    assert made == [
        "add set ip t clients { type ipv4_addr; }",
        "add chain ip t c",
        "add rule ip t c first",
        "add rule ip t c second",
        "add element ip t services { 1.2.3.4 . tcp . 80 : goto c }",
        "add element ip t known { 1.1.1.1 . 1.1.1.1 }",
    ]


def test_a_changed_element_is_deleted_and_added_in_one_transaction():
    made = commands("ip t", [Change(element("m", "k"), "1", "2"), Change(element("m", "l"), "3", None)])
    assert made == ["delete element ip t m { k : 1, l : 3 }", "add element ip t m { k : 2 }"]


def test_a_changed_chain_is_flushed_and_a_removed_one_emptied_first_and_removed_later():
    changes = [
        Change(Item(SET, "s", "set"), "x", None),
        Change(Item(CHAIN, "a"), "1", "2"),
        Change(Item(CHAIN, "b"), "1", None),
    ]
    assert commands("ip t", changes) == [
        "add chain ip t a",
        "add chain ip t b",
        "flush chain ip t a",
        "add rule ip t a 2",
        "flush chain ip t b",
    ]
    assert removals("ip t", changes) == ["delete chain ip t b", "delete set ip t s"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.dictionaries(st.sampled_from("xyz"), st.sampled_from("12")))))
def test_changes_taken_one_after_the_other_lead_to_everything(steps):
    rules, table = Ruleset(), {}
    for owner, wanted in steps:
        rules.put(owner, fragment(**wanted))
        for item, before, after in rules.take():
            assert table.get(item) == before
            if after is None:
                del table[item]
            else:
                table[item] = after
    assert table == {item: after for item, _, after in rules.everything()}
