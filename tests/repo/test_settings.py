"""Every setting is read strictly: what it does not take stops the start, with its name, what was there, and what it takes."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import BadSetting

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "config/settings.py"
BAD = [
    ("FAIRHAND_DEBUG", "perhaps", "1 or 0"),
    ("FAIRHAND_SIMULATION", "2", "1 or 0"),
    ("FAIRHAND_EMAIL_VERIFICATION", "maybe", "1 or 0"),
    ("FAIRHAND_ALLOW_SUPERUSER", "si", "1 or 0"),
    ("FAIRHAND_BEHIND_PROXY", "nginx", "1 or 0"),
    ("FAIRHAND_SSL_REDIRECT", "never", "1 or 0"),
    ("FAIRHAND_LIMITS", "abc", "name=number"),
    ("FAIRHAND_LIMITS", "drafts_per_organization", "name=number"),
    ("FAIRHAND_LIMITS", "drafts_per_organisation=5", "drafts_per_organization"),
    ("FAIRHAND_LIMITS", "drafts_per_organization=-5", "name=number"),
    ("FAIRHAND_LIMITS", "drafts_per_organization=5,drafts_per_organization=6", "each name once"),
    ("FAIRHAND_FEE_PERCENT", "twenty", "a whole number of percent from 0 to 100"),
    ("FAIRHAND_FEE_PERCENT", "-5", "a whole number of percent from 0 to 100"),
    ("FAIRHAND_FEE_PERCENT", "", "a whole number of percent from 0 to 100"),
    ("FAIRHAND_UPLOAD_MAX_BYTES", "512MB", "a whole number of bytes from 1024"),
    ("FAIRHAND_PILOT_ABOVE_TASKS", "many", "a whole number of tasks from 0"),
    ("FAIRHAND_CASE_WAITING", "maybe", "one of: work, paid"),
    ("FAIRHAND_EXTERNAL_FILES", "allow", "one of: tell, refuse"),
    ("EMAIL_URL", "foo", "smtp+tls"),
    ("EMAIL_URL", "smtp://", "smtp+tls"),
    ("EMAIL_URL", "smtp://mail.example.org:port", "smtp+tls"),
    ("FAIRHAND_FROM_EMAIL", "Fairhand", "Name <noreply@example.org>"),
    ("FAIRHAND_LOG_LEVEL", "LOUD", "one of: DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("FAIRHAND_WEB_THREADS", "0", "a whole number from 1 to 1000"),
    ("FAIRHAND_CLUSTER_WORKERS", "0", "a whole number from 1 to 256"),
    ("FAIRHAND_DATABASE_POOL_SIZE", "1.5", "a whole number from 1 to 1000"),
    ("FAIRHAND_HSTS_SECONDS", "1y", "a whole number of seconds from 0"),
    ("FAIRHAND_SITE_ADDRESS", "example.org", "https://crowd.example.org"),
    ("FAIRHAND_SITE_ADDRESS", "https://", "https://crowd.example.org"),
    ("FAIRHAND_SITE_ADDRESS", "https://example.org:door", "https://crowd.example.org"),
    ("FAIRHAND_PRIVATE_HOSTS", "http://foo/", "without http://"),
    ("FAIRHAND_ALLOWED_HOSTS", "https://example.org", "without http://"),
    ("DATABASE_URL", "mysql://a:b@host/name", "postgres://"),
    ("DATABASE_URL", "postgres://host:port/name", "postgres://"),
    ("DATABASE_URL", "postgres://a:b@host:5432/", "postgres://"),
    ("FAIRHAND_DATA_DIR", "/dev/null/here", "a folder"),
]
GOOD = {
    "FAIRHAND_DEBUG": "off",
    "FAIRHAND_SECRET_KEY": "k3J8vQz0pLr5tYw2nBx7cMd4fGh9sAe1uRi6oPaZqXtV",
    "FAIRHAND_LIMITS": " drafts_per_organization = 2000, tokens_per_account=100,",
    "FAIRHAND_FEE_PERCENT": "0",
    "FAIRHAND_SITE_ADDRESS": "https://crowd.example.org:8443/",
    "FAIRHAND_PRIVATE_HOSTS": "Media.internal, 10.0.0.7",
    "FAIRHAND_ALLOWED_HOSTS": ".example.org,[::1],*",
    "FAIRHAND_LOG_LEVEL": "warning",
    "EMAIL_URL": "smtp+tls://user:secret@mail.example.org:587",
}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """The environment of a development installation that has nothing else set."""
    for name in list(os.environ):
        if name.startswith("FAIRHAND_") or name in ("EMAIL_URL", "DATABASE_URL"):
            monkeypatch.delenv(name)
    settings = {"FAIRHAND_DEBUG": "1", "DATABASE_URL": "postgres://a:b@host:5432/name", "FAIRHAND_DATA_DIR": str(tmp_path)}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(("name", "value", "takes"), BAD)
def test_a_value_that_a_setting_does_not_take_stops_the_start(environment, name, value, takes):
    environment.setenv(name, value)
    with pytest.raises(BadSetting) as refusal:
        runpy.run_path(str(SETTINGS))
    assert str(refusal.value).startswith(f"{name} is “")
    assert takes in str(refusal.value)


def test_what_they_take_is_read(environment):
    for name, value in GOOD.items():
        environment.setenv(name, value)
    environment.setenv("FAIRHAND_SECRET_KEY", GOOD["FAIRHAND_SECRET_KEY"] * 2)
    environment.setenv("FAIRHAND_IDENTITY_KEYS", GOOD["FAIRHAND_SECRET_KEY"])
    read = runpy.run_path(str(SETTINGS))
    assert (read["LIMITS"]["drafts_per_organization"], read["LIMITS"]["tokens_per_account"]) == (2000, 100)
    assert (read["PLATFORM_FEE_PERCENT"], read["SITE_ADDRESS"]) == (0, "https://crowd.example.org:8443")
    assert read["PRIVATE_HOSTS"] == {"media.internal", "10.0.0.7"}
    assert read["ALLOWED_HOSTS"] == [".example.org", "[::1]", "*"]
    assert (read["LOGGING"]["root"]["level"], read["EMAIL_HOST"], read["EMAIL_USE_TLS"]) == ("WARNING", "mail.example.org", True)


def test_a_password_in_a_setting_is_not_repeated(environment):
    environment.setenv("DATABASE_URL", "mysql://somebody:hunter2@host/name")
    with pytest.raises(BadSetting) as refusal:
        runpy.run_path(str(SETTINGS))
    assert "hunter2" not in str(refusal.value)


def test_every_setting_is_read_by_the_one_reader_and_has_a_line_in_the_manual():
    text = SETTINGS.read_text()
    assert "os.environ" not in text
    assert "import environ" not in text
    strict = set(re.findall(r"env\.(\w+)\(", text))
    assert strict == {
        "text",
        "flag",
        "number",
        "one_of",
        "log_level",
        "hosts",
        "address",
        "numbers",
        "database",
        "mail",
        "sender",
        "folder",
    }
    internal = {"FAIRHAND_DATABASE", "FAIRHAND_TEST_DATABASE"}  # for tools and tests
    manual = (ROOT / "docs/operating.md").read_text()
    assert [name for name in sorted(set(re.findall(r"FAIRHAND_[A-Z_0-9]+", text)) - internal) if f"`{name}`" not in manual] == []


def test_who_starts_it_reads_one_line_and_no_traceback(tmp_path):
    environment = os.environ | {"FAIRHAND_DEBUG": "1", "FAIRHAND_WEB_THREADS": "0", "FAIRHAND_DATA_DIR": str(tmp_path)}
    environment["DATABASE_URL"] = "postgres://a:b@host:5432/name"
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "Not started: FAIRHAND_WEB_THREADS is “0”. It takes a whole number from 1 to 1000."
