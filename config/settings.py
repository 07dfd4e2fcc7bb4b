"""Every knob of an installation, read from the environment once, and strictly (`environment`).

No secret has a default: a production start without FAIRHAND_SECRET_KEY and FAIRHAND_IDENTITY_KEYS is refused. In development they are
drawn and kept in `.data/`.
"""

import contextlib
import secrets
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment

env = Environment()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("FAIRHAND_DATA_DIR", BASE_DIR / ".data")

DEBUG = env.flag("FAIRHAND_DEBUG", default=False)
SIMULATION = env.flag("FAIRHAND_SIMULATION", default=False)


def _secret(name: str, development_file: str) -> str:
    """The configured secret; in development a random one that survives restarts, so that sessions and identities do too."""
    key = env.text(name)
    if key:
        return key
    if not DEBUG:
        raise ImproperlyConfigured(f"Set {name} to 50 random characters; there is no default that anybody could know.")
    path = DATA_DIR / development_file
    if not path.exists():
        draft = DATA_DIR / f".{development_file}.{secrets.token_hex(4)}"
        draft.touch(0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # another process was first: its secret is the one
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


SECRET_KEY = _secret("FAIRHAND_SECRET_KEY", "development_secret_key")
if not DEBUG and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10):
    raise ImproperlyConfigured("FAIRHAND_SECRET_KEY has at least 50 random characters: sessions, tokens and aliases hang on it.")
# Identities and second factors are encrypted with these, separated by commas: the first one seals, all of them open.
IDENTITY_KEYS = [key.strip() for key in _secret("FAIRHAND_IDENTITY_KEYS", "development_identity_key").split(",") if key.strip()]
if not DEBUG and any(len(key) < 40 for key in IDENTITY_KEYS):
    raise ImproperlyConfigured("Each key in FAIRHAND_IDENTITY_KEYS has at least 40 random characters.")
ALLOWED_HOSTS = env.hosts("FAIRHAND_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [], patterns=True)

INSTALLED_APPS = [
    "config",  # first, so that our templates come before those of the libraries
    "config.admin_app.OperatorsAdmin",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "foundation",
    "workforce",
    "qualification",
    "payments",
    "tasks",
]

MIDDLEWARE = [
    "config.plain_http.EncryptedApi",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.guarding.NothingIsStored",
    "config.guarding.LimitsAreNoted",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.guarding.OperatorSessions",
    "workforce.known_browsers.KnownBrowsers",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.entering.Entering",
    "config.beginning.StepsBegin",
    "config.refusals.RefusalPages",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.pages.around",
            ]
        },
    }
]

# ---- database: the server named by DATABASE_URL, else the embedded one (see config.embedded_postgres) ----

EMBEDDED_POSTGRES_DIR = DATA_DIR / "postgres"
DATABASE_URL = env.text("DATABASE_URL")
DATABASE_POOL_SIZE = env.number("FAIRHAND_DATABASE_POOL_SIZE", 8, least=1, most=1000)
ALLOW_SUPERUSER = env.flag(
    "FAIRHAND_ALLOW_SUPERUSER", default=False
)  # may web processes and clusters run as one, outside development?


def _database() -> dict[str, Any]:
    """Connection settings: pooled, and with the hot statements prepared once per connection."""
    if DATABASE_URL:
        database = env.database("DATABASE_URL")
    else:
        from config.embedded_postgres import connection_settings

        database = connection_settings(EMBEDDED_POSTGRES_DIR, name=env.text("FAIRHAND_DATABASE", "fairhand"))
    database["ENGINE"] = "django.db.backends.postgresql"
    database["ATOMIC_REQUESTS"] = False  # each verb owns its transaction
    database["OPTIONS"] = {**database.get("OPTIONS", {}), "prepare_threshold": 5}
    database["CONN_HEALTH_CHECKS"] = True  # of a restarted server no dead connection is handed out; one round trip per request
    if "qcluster" in sys.argv:
        database["CONN_MAX_AGE"] = None  # the cluster forks, and a pool must not be shared across a fork
    else:
        database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 5}
    test_database = env.text("FAIRHAND_TEST_DATABASE")
    database["TEST"] = {"NAME": test_database} if test_database else {}
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by all web hosts: limits on sign-up and log-in, and second-factor codes already used, must not be one process's own knowledge.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "foundation_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # the default of 300 would let limits and used codes be thrown out under load
    }
}

# ---- people ----

AUTH_USER_MODEL = "workforce.User"
if DEBUG and SIMULATION:  # a thousand simulated people sign up in seconds; no real account lives here
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["workforce.signing_up.ByAddress"]
EMAIL_VERIFICATION = env.flag("FAIRHAND_EMAIL_VERIFICATION", default=not SIMULATION)  # must a worker's email be verified?

OPERATORS_NEED_SECOND_FACTOR = not DEBUG
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "workforce.signing_up.AccountAdapter"
ACCOUNT_FORMS = {  # every form that takes an address, so that each goes by its normal form
    "login": "workforce.signing_up.LogInForm",
    "signup": "workforce.signing_up.SignUpForm",
    "add_email": "workforce.signing_up.AddEmailForm",
    "change_email": "workforce.signing_up.ChangeEmailForm",
    "confirm_email_verification_code": "workforce.signing_up.ConfirmAddressForm",
    "reset_password": "workforce.signing_up.ResetPasswordForm",
    "request_login_code": "workforce.signing_up.RequestLoginCodeForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True  # a code works when the mail is read on another device
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # whoever changes a password or a second factor, its owner gets a mail
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds after which changing passwords or second factors asks for the password again
MFA_ADAPTER = "workforce.signing_up.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Fairhand"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG  # passkeys on http://localhost
USERSESSIONS_TRACK_ACTIVITY = False  # a write per request would be the price

# ---- API ----

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workforce.api.authentication.BearerToken",
        "workforce.api.authentication.SignedIn",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["workforce.api.permissions.InScope"],
    "DEFAULT_PARSER_CLASSES": ["foundation.api.json.OrjsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["foundation.api.json.OrjsonRenderer"],
    "DEFAULT_PAGINATION_CLASS": "foundation.api.paging.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "foundation.api.schema.CommandSchema",
    "EXCEPTION_HANDLER": "config.api.error_response",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fairhand",
    "DESCRIPTION": "Crowd work: post labelling jobs, qualify, label, review, aggregate, pay.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "AssignmentState": "tasks.models.Assignment.State",
        "BatchState": "tasks.models.Batch.State",
        "TaskState": "tasks.models.Task.State",
        "ImportState": "tasks.models.Import.State",
        "RunState": "tasks.models.AggregationRun.State",
        "AttemptState": "qualification.models.ExamAttempt.State",
        "OrganizationKind": "workforce.models.Organization.Kind",
        "DecisionKind": "workforce.models.Decision.Kind",
        "ImportKind": "tasks.models.Import.Kind",
        "IntervalKind": "payments.models.WorkInterval.Kind",
        "ReturnReason": "tasks.models.Assignment.ReturnReason",
        "RejectionReason": "tasks.models.Review.Reason",
        "FlagReason": "workforce.models.Thread.Reason",
        "ThreadKind": "workforce.models.Thread.Kind",
        "NoticeKind": "workforce.models.NoticeKind",
        "StepKind": "workforce.models.OnboardingStep.Kind",
        "AppealState": "workforce.models.Appeal.State",
        "CaseVerdict": "tasks.models.Case.Verdict",
        "CaseState": "tasks.models.Case.State",
        "ThreadState": "workforce.models.Thread.State",
        "DataCopyState": "workforce.models.DataCopy.State",
        "ErasureState": "workforce.models.Erasure.State",
        "SensitiveContent": "workforce.models.Sensitive",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes of one JSON body; bulk uploads stream and have limits of their own

# ---- background jobs: django-q2 on the same database, so that enqueueing commits with the work that asked for it ----

JOB_RETRY_SECONDS = 3900  # after which a job whose process was lost is offered again; longer than it may take
Q_CLUSTER = {
    "name": "fairhand",
    "orm": "default",
    "workers": env.number("FAIRHAND_CLUSTER_WORKERS", 2, least=1, most=256),
    "timeout": 3600,  # seconds one job may take; an aggregation of a million labels needs minutes
    "retry": JOB_RETRY_SECONDS,
    "ack_failures": True,  # what the clock repeats; any other job that fails is kept by foundation.queueing
    "save_limit": -1,  # results of jobs live in our own tables
    "poll": 0.2,
    "bulk": 1,
    "catch_up": False,
    "label": "Jobs",
}

# ---- files, language, security ----

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
S3_BUCKET = env.text("FAIRHAND_S3_BUCKET")  # set it, and files go to any S3-compatible storage instead of the disk
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("FAIRHAND_S3_ENDPOINT") or None,
            "access_key": env.text("FAIRHAND_S3_ACCESS_KEY") or None,
            "secret_key": env.text("FAIRHAND_S3_SECRET_KEY") or None,
            "default_acl": "private",
        },
    }
    if S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = True  # the editor's frame has no origin, and loads its fonts from here
MEDIA_ROOT = DATA_DIR / "media"
# tell: who works is told first that another site sees them; refuse: nothing is loaded from other sites
EXTERNAL_FILES = env.one_of("FAIRHAND_EXTERNAL_FILES", "tell", ["tell", "refuse"])
# Hosts, by name or IPv4 address, that tasks may load from although they are not on the public internet.
PRIVATE_HOSTS = frozenset(env.hosts("FAIRHAND_PRIVATE_HOSTS"))
UPLOAD_MAX_BYTES = env.number(
    "FAIRHAND_UPLOAD_MAX_BYTES", 512 * 1024**2, least=1024, most=1024**4, of="bytes"
)  # of one image, sound or video
BODY_MAX_BYTES = max(UPLOAD_MAX_BYTES, 512 * 1024 * 1024)  # of any request; most routes take far less
WEB_THREADS = env.number("FAIRHAND_WEB_THREADS", 4, least=1, most=1000)  # requests that one web process works on at once
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

vars().update(env.mail("EMAIL_URL", "filemail://" if DEBUG else "smtp://localhost:25"))
EMAIL_TIMEOUT = 30  # seconds a mail server may be silent
EMAIL_FILE_PATH = str(DATA_DIR / "mail")  # where mail goes in development: one file each
# What links in mails begin with, whatever host a request asked for. There is no guessing it outside development.
SITE_ADDRESS = env.address("FAIRHAND_SITE_ADDRESS", "http://localhost:8000" if DEBUG else "")
DEFAULT_FROM_EMAIL = env.sender("FAIRHAND_FROM_EMAIL", "Fairhand <noreply@localhost>")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEBUG
KNOWN_BROWSER_COOKIE_NAME = "known-browser"
if not DEBUG:  # a browser takes these from this very host alone, over TLS: no neighbouring host can set them
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken", "__Host-language"
    KNOWN_BROWSER_COOKIE_NAME = "__Host-known-browser"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # not in a cookie of its own
SECURE_SSL_REDIRECT = env.flag("FAIRHAND_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^api/(healthz|readyz)$"]
_hsts_seconds = env.number("FAIRHAND_HSTS_SECONDS", 31_536_000, least=0, most=10 * 31_536_000, of="seconds")
SECURE_HSTS_SECONDS = 0 if DEBUG else _hsts_seconds
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
BEHIND_PROXY = env.flag("FAIRHAND_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)  # limits per address count the client's, as the proxy names it

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.log_level("FAIRHAND_LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "django-q": {"level": "WARNING"}},
}

# ---- how much one account or organisation may keep, and do in a while; what each counts stands in workforce/limits.py ----

LIMITS = {
    "organizations_per_account": 20,
    "tokens_per_account": 50,
    "open_threads_per_account": 500,
    "members_per_organization": 500,
    "invitations_per_organization": 200,
    "invited_per_day": 100,
    "projects_per_organization": 1_000,
    "guidelines_per_project": 1_000,
    "batches_per_project": 5_000,
    "drafts_per_organization": 500,
    "tasks_per_batch": 5_000_000,
    "imports_per_batch": 10_000,
    "runs_per_batch": 2_000,
    "skills_per_organization": 1_000,
    "exams_per_organization": 1_000,
    "courses_per_organization": 1_000,
    "files_per_account": 500_000,
    "files_per_organization": 500_000,
    "bytes_per_account": 500 * 1024**3,
    "bytes_per_organization": 500 * 1024**3,
    "told_per_hour": 3_000,
    "grants_per_day_and_worker": 10,
    "guidelines_per_day": 200,
    "gold_changes_per_day": 1_000,
    "assigned_per_day": 2_000,
    "assigned_per_week_and_worker": 3,
    "rejections_beyond_share": 3,  # within 30 days
}
LIMITS |= env.numbers("FAIRHAND_LIMITS", LIMITS)  # drafts_per_organization=2000,tokens_per_account=100

# ---- house rules about work and pay; the reasons stand in docs/money.md and docs/operating.md ----

# A larger batch runs on a small group first, or says why not.
PILOT_ABOVE_TASKS = env.number("FAIRHAND_PILOT_ABOVE_TASKS", 200, least=0, most=5_000_000, of="tasks")
# While a person looks at somebody whom a rule would pause a second time running: `work`, or `paid` for the waiting. A batch may say otherwise.
CASE_WAITING = env.one_of("FAIRHAND_CASE_WAITING", "work", ["work", "paid"])
PLATFORM_FEE_PERCENT = env.number("FAIRHAND_FEE_PERCENT", 20, least=0, most=100, of="percent")  # on top of pay, never out of it
