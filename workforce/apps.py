"""People, organisations, and what was decided about them."""

from django.apps import AppConfig


class WorkforceConfig(AppConfig):
    """People, organisations, and what was decided about them."""

    name = "workforce"

    def ready(self) -> None:
        """Listen to what django-allauth and Django say about how people sign in: they have no other way to tell."""
        from allauth.account.signals import email_changed, password_changed, password_set
        from allauth.mfa import signals as mfa
        from django.contrib.auth.signals import user_logged_in

        from workforce import known_browsers, sign_ins

        mfa.authenticator_added.connect(sign_ins.factor_added)
        mfa.authenticator_removed.connect(sign_ins.factor_removed)
        mfa.authenticator_reset.connect(sign_ins.factor_renewed)
        mfa.authentication_failed.connect(sign_ins.factor_failed)
        email_changed.connect(sign_ins.address_changed)
        user_logged_in.connect(sign_ins.note_beginning)
        password_changed.connect(known_browsers.password_changed)
        password_set.connect(known_browsers.password_changed)
