"""What can be wrong with an interface, a payload or an answer."""

from foundation.errors import Invalid


class InterfaceInvalid(Invalid):
    """A config that nobody could label with."""

    code = "interface_invalid"
    message = "The interface cannot be used."


class PayloadInvalid(Invalid):
    """A payload that does not fill the interface."""

    code = "payload_invalid"
    message = "The payload does not fit the interface."


class AnswerInvalid(Invalid):
    """An answer that does not fit the interface. Nothing was written; the lease is still the worker's."""

    code = "answer_invalid"
    message = "The answer does not fit the question. Correct it and hand it in again."
