"""Fields of bodies whose refusals say the way out."""

from difflib import get_close_matches
from typing import Any, NoReturn

from django.utils.translation import gettext
from rest_framework import serializers

LISTED_MAX = 40  # of a longer list, time zones for one, the nearest are named
SHOWN_CHARACTERS = 100


class ChoiceField(serializers.ChoiceField):
    """One of a closed list. A value that is not on it is refused with the value and what there is."""

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        """Raise the refusal."""
        if key == "invalid_choice":
            raise serializers.ValidationError(self._refusal(str(kwargs["input"])[:SHOWN_CHARACTERS]), code=key)
        super().fail(key, **kwargs)

    def _refusal(self, got: str) -> str:
        choices = [str(value) for value in self.choices]
        if len(choices) <= LISTED_MAX:
            return gettext("“%(got)s” is not one of: %(allowed)s.") % {"got": got, "allowed": ", ".join(choices)}
        nearest = get_close_matches(got, choices, n=3, cutoff=0) or choices[:3]
        said = {"got": got, "count": len(choices), "nearest": ", ".join(nearest)}
        return gettext("“%(got)s” is not one of the %(count)s there are; the nearest are: %(nearest)s.") % said
