"""Fairhand's own settings as the tests run them: simulated time allowed, a cheap password hash, room for many threads."""

import os

os.environ.setdefault("FAIRHAND_DEBUG", "1")
os.environ.setdefault("FAIRHAND_SIMULATION", "1")
os.environ.setdefault("FAIRHAND_DATABASE_POOL_SIZE", "64")

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
