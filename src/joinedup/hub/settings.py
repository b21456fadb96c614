"""Django's settings, all from the environment; there is no debug mode."""

from pathlib import Path

import dj_database_url

from joinedup.database import database_url
from joinedup.hub import environment

DEBUG = False
SECRET_KEY = environment.secret_key()
HUB_URL = environment.hub_url()
IS_HTTPS = HUB_URL.startswith("https://")
ALLOWED_HOSTS = environment.allowed_hosts()
CSRF_TRUSTED_ORIGINS = [HUB_URL]
APPEND_SLASH = False
ROOT_URLCONF = "joinedup.hub.urls"
WSGI_APPLICATION = "joinedup.hub.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "joinedup.hub.rights",
    "joinedup.hub.sealing",
    "joinedup.hub.organisations",
    "joinedup.hub.approvals",
    "joinedup.hub.agreements",
    "joinedup.hub.limits",
    "joinedup.hub.identifiers",
    "joinedup.hub.ledger",
    "joinedup.hub.reconciliation",
    "joinedup.hub.register",
    "joinedup.hub.discovery",
    "joinedup.hub.shields",
    "joinedup.hub.notifications",
    "joinedup.hub.sharing",
    "joinedup.hub.watching",
    "joinedup.hub.subject_access",
    "joinedup.hub.retention",
    "joinedup.hub.pages",
]

MIDDLEWARE = [
    "joinedup.hub.tracing.TracingMiddleware",
    "joinedup.hub.rights.middleware.RightsMiddleware",
    "joinedup.hub.ledger.middleware.LedgerMiddleware",
    "joinedup.hub.security.SecurityHeadersMiddleware",
    "joinedup.hub.api.problems.ProblemDetailsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "joinedup.hub.security.MethodsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "joinedup.hub.pages.actor.ActorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "joinedup.hub.pages.jinja.environment",
            "context_processors": ["joinedup.hub.pages.jinja.page_context"],
        },
    }
]

# A pool per process: a connection per request would cost more than the query it carries.
DATABASE_URL = database_url()
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, engine="joinedup.hub.rights.backend")}
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
    "min_size": 1,
    "max_size": 16,
    "timeout": 5,
}
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # a record must be committed before its answer

USE_TZ = True
TIME_ZONE = "Europe/London"
LANGUAGE_CODE = "en-gb"
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = environment.state_folder() / "static"  # the package itself may be read-only
STATICFILES_DIRS = [Path(__file__).parent / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Sessions are kept in PostgreSQL, sealed: nothing about a child is ever in a cookie.
SESSION_ENGINE = "joinedup.hub.sealing.sessions"
SESSION_COOKIE_AGE = 20 * 60
SESSION_SAVE_EVERY_REQUEST = True  # so that the twenty minutes are of idleness
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # the provider's redirect back must carry it
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
SIGNED_IN_FOR_AT_MOST = 8 * 60 * 60
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
CSRF_FAILURE_VIEW = "joinedup.hub.pages.errors.csrf_failure"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # Django's CSRF check needs the referrer on HTTPS
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if IS_HTTPS:
    SECURE_HSTS_SECONDS = 2 * 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    if environment.flag("BEHIND_PROXY"):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SIGN_IN = environment.sign_in()

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        " ".join(("form-action 'self'", *SIGN_IN.origins)),  # signing out ends at the provider
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300  # an answer to a request has eight for each of 20 items
# A file that is shared is closed before it is stored: it is never in a temporary file in clear.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 1536 * 1024

# E-mail says that there is a notice, and nothing of a child. None is sent without a server.
EMAIL_HOST = environment.text("EMAIL_HOST")
EMAIL_PORT = int(environment.number("EMAIL_PORT", 25))
EMAIL_USE_TLS = environment.flag("EMAIL_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM") or "joinedup@localhost"

LOOKUPS_PER_PERSON_PER_MINUTE = 30

# What was asked is kept with a review case until it is decided, and then for so many days.
REVIEW_DETAILS_KEPT_DAYS = int(environment.number("REVIEW_DETAILS_KEPT_DAYS", 30))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"private": {"()": "joinedup.hub.tracing.PrivateFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "private"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "joinedup": {"level": "INFO"},
        # These write addresses and values as they came; the tracing log says what is needed.
        "django": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
