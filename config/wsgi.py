"""The WSGI callable that the web server loads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.database_role import refuse_superusers  # noqa: E402 - needs the settings that the line above reads

refuse_superusers()
