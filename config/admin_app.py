"""Django's admin as an app of ours, so that every page registered in it passes `operating.OperatorsSite`."""

from django.contrib.admin.apps import AdminConfig


class OperatorsAdmin(AdminConfig):
    """The admin with our site in the place of Django's."""

    default_site = "config.operating.OperatorsSite"
