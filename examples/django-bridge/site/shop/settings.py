"""Settings from the environment, so that one site serves the example and every test.

DATABASE_URL is sqlite:PATH, postgres://… or mysql://…. SECRET_KEY_FILE has one key a line: the first signs, the others still
verify. DATABASE_TIME_ZONE is the database's own TIME_ZONE. A variable DJANGO_NAME is the setting NAME, as in DJANGO_SESSION_COOKIE_AGE=300.
"""
import ast
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit


def database(url):
    scheme, _, path = url.partition(":")
    if scheme == "sqlite":
        # Two writers wait for each other, instead of a 400 after five seconds.
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": {"timeout": 20}}
    parts = urlsplit(url)
    engine = "postgresql" if scheme == "postgres" else "mysql"
    if engine == "mysql":
        # Pure Python: mysqlclient would need a compiler and headers.
        import pymysql

        # Django asks for a version of mysqlclient, which this driver stands in for.
        pymysql.version_info = (2, 2, 7, "final", 0)
        pymysql.install_as_MySQLdb()
    return {
        "ENGINE": "django.db.backends." + engine,
        "NAME": parts.path[1:],
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "127.0.0.1",
        "PORT": str(parts.port or ""),
    }


def setting(name, text):
    if name == "SECRET_KEY":
        return text
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


DATABASES = {"default": database(os.environ["DATABASE_URL"])}
if "DATABASE_TIME_ZONE" in os.environ:
    DATABASES["default"]["TIME_ZONE"] = os.environ["DATABASE_TIME_ZONE"]
if "SECRET_KEY_FILE" in os.environ:
    SECRET_KEY, *SECRET_KEY_FALLBACKS = Path(os.environ["SECRET_KEY_FILE"]).read_text().split()
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "shop",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# Messages travel in the session, where Rust carries them along.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
if "CACHE_URL" in os.environ:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["CACHE_URL"],
        }
    }

for variable, text in os.environ.items():
    if variable.startswith("DJANGO_") and variable != "DJANGO_SETTINGS_MODULE":
        name = variable[len("DJANGO_") :]
        globals()[name] = setting(name, text)
