import pytest

from podo.api.quota import amounts


@pytest.mark.parametrize(
    ("a", "b", "total"),
    [
        pytest.param("1", "500m", "1500m", id="finer"),
        pytest.param("1Gi", "512Mi", "1536Mi", id="binary"),
        pytest.param("0", "1Gi", "1Gi", id="nothing has no spelling"),
        pytest.param("1G", "1Gi", "2073741824", id="spelled as the first"),
    ],
)
def test_a_sum_is_spelled_as_its_first_part(a, b, total):
    assert amounts.added({"x": a}, {"x": b}) == {"x": total}


def test_a_sum_has_the_names_of_both():
    assert amounts.added({"a": "1"}, {"b": "2"}) == {"a": "1", "b": "2"}


def test_what_shrinks_does_not_grow():
    assert amounts.growth({"a": "3", "b": "1"}, {"a": "1", "b": "2", "c": "1"}) == {"a": "2", "b": "0", "c": "0"}


def test_words_are_sorted_and_canonical():
    assert amounts.words({"pods": "3", "cpu": "1000m"}) == "cpu=1,pods=3"


def test_equality_is_of_values_not_spellings():
    assert amounts.are_equal({"cpu": "1"}, {"cpu": "1000m"})
    assert not amounts.are_equal({"cpu": "1"}, {"cpu": "1", "pods": "0"})
