"""Label families: what a question may look like, which answers fit it, and how answers compare. One file per family."""

from tasks.labels.answers import encoded
from tasks.labels.errors import AnswerInvalid, InterfaceInvalid, PayloadInvalid
from tasks.labels.interfaces import Interface, check_interface, interface_of

__all__ = ["AnswerInvalid", "Interface", "InterfaceInvalid", "PayloadInvalid", "check_interface", "encoded", "interface_of"]
