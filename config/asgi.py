"""The ASGI callable that the web server loads: Django behind `config.serving`."""

from config.serving.application import Application
from config.wsgi import application as wsgi


def _application() -> Application:
    from django.conf import settings

    from config.serving.admitting import is_known  # needs the apps that `wsgi` has loaded

    return Application(
        wsgi,
        threads=settings.WEB_THREADS,
        max_bytes=settings.BODY_MAX_BYTES,
        admit=is_known,
        forwarded=settings.BEHIND_PROXY,
    )


application = _application()
