"""Numbers in the API are numbers: no text is taken for one, in any serializer."""

import pytest
from django.http import QueryDict
from rest_framework import serializers

from foundation.api import numbers


class Asked(serializers.Serializer):
    count = serializers.IntegerField(required=False)
    share = serializers.FloatField(required=False)
    several = serializers.ListField(child=serializers.IntegerField(), required=False)


@pytest.mark.parametrize("given", ["1_000", "１２", "12", " 7 ", "1.0", "", True, "NaN", [], {}, 1.5])
def test_only_a_whole_number_is_one(given):
    assert not Asked(data={"count": given}).is_valid()
    assert not Asked(data={"several": [1, given]}).is_valid()


@pytest.mark.parametrize("given", ["0.5", "1_0.5", True, "inf", "٤", []])
def test_only_a_number_is_one(given):
    assert not Asked(data={"share": given}).is_valid()


def test_numbers_are_taken_and_in_an_address_their_digits():
    asked = Asked(data={"count": 12, "share": 1, "several": [-3, 0]})
    assert asked.is_valid()
    assert asked.validated_data == {"count": 12, "share": 1.0, "several": [-3, 0]}
    assert Asked(data=QueryDict("count=12")).is_valid()
    for address in ("count=1_2", "count=%D9%A4", "count=+1"):
        assert not Asked(data=QueryDict(address)).is_valid()
    before = serializers.IntegerField.to_internal_value
    numbers.be_strict()
    assert serializers.IntegerField.to_internal_value is before
