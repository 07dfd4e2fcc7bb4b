"""The ASGI callable that the web server loads: Django behind `config.serving`."""

import resource

from config.serving.application import Application
from config.wsgi import application as wsgi


def _as_many_files_as_allowed() -> None:
    """Sockets are files, and the soft limit of a shell is often 1,024: less than one client can open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


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


_as_many_files_as_allowed()
application = _application()
