"""Sentences that keep what they were made of."""

from lenscal.translation import enumeration


def test_names_are_listed_as_people_do():
    told = [enumeration(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])]
    assert told == ["a", "a and b", "a, b and c"]
