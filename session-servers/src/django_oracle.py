"""Real Django answers questions about sessions: one JSON object a line, in and out.

It runs in a site's environment (DJANGO_SETTINGS_MODULE, PYTHONPATH). A question is {"do": NAME, …}, an answer {"ok": …} or
{"error": "Type: text"}. Values that JSON can't hold travel as `form` writes them.
"""
import io
import json
import math
import random
import struct
import sys
import time
from datetime import datetime, timedelta, timezone as zone

import django

django.setup()

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.models import Session
from django.core import signing
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from importlib import import_module

COOKIES = "django.contrib.sessions.backends.signed_cookies"
SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


def form(value):
    """The value without loss: {"i": digits}, {"f": bits}, {"u": UTF-16 units}, {"d": members by name}; the rest as it is."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": "nan" if math.isnan(value) else struct.pack(">d", value).hex()}
    if isinstance(value, str):
        try:
            value.encode()
            return value
        except UnicodeEncodeError:
            units = value.encode("utf-16-be", "surrogatepass")
            return {"u": units.hex()}
    if isinstance(value, (list, tuple)):
        return [form(item) for item in value]
    return {"d": [[form(name), form(value[name])] for name in sorted(value)]}


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def micros(moment):
    """Microseconds since 1970; a naive moment is in the site's time zone."""
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return (moment - datetime(1970, 1, 1, tzinfo=zone.utc)) // timedelta(microseconds=1)


def shown(store):
    """A loaded session: each member with its name, the JSON that Django writes for it, Python's repr, and its form as JSON."""
    items = [
        {
            "name": form(name),
            "name_json": json.dumps(name),
            "json": compact(value),
            "repr": repr(value),
            "form": compact(form(value)),
        }
        for name, value in store.items()
    ]
    return {
        "key": store.session_key,
        "items": items,
        "age": store.get_expiry_age(),
        "browser_close": store.get_expire_at_browser_close(),
    }


def row(key):
    """The row as it stands, expired or not; None if there is none."""
    found = Session.objects.filter(session_key=key).first()
    return found and {"data": found.session_data, "ends": micros(found.expire_date)}


# Random sessions.


def text(draw):
    alphabets = [
        "abcdefghijklmnopqrstuvwxyz_0123456789",
        "\x00\x01\x1f \"\\/\x7f<>&'\u2028\u2029\ufeff\t\r\n",
        "äßñ€中文кириллица",
        "😀🏳️‍🌈𝒳",
        "\ud800\udbff\udc00\udfff\ud83d",
    ]
    weights = [8, 3, 3, 2, 1]
    length = draw.choice([0, 1, 3, 10, 10, 40])
    return "".join(draw.choice(draw.choices(alphabets, weights)[0]) for _ in range(length))


def number(draw):
    kind = draw.randrange(8)
    if kind < 3:
        return draw.randint(-1000, 1000)
    if kind == 3:
        return draw.choice([2**31, 2**53, 2**63, 2**64]) * draw.choice([1, -1]) + draw.randint(-2, 2)
    if kind == 4:
        return draw.choice([1, -1]) * draw.getrandbits(draw.choice([70, 200, 1000, 4000]))
    if kind == 5:
        return struct.unpack(">d", draw.getrandbits(64).to_bytes(8, "big"))[0]
    if kind == 6:
        return draw.choice([0.0, -0.0, 0.1, 1e16, 1e100, 1e-7, 5e-324, 1.7976931348623157e308, 123456789.123])
    return draw.choice([math.nan, math.inf, -math.inf])


def value(draw, depth=0):
    kind = draw.randrange(6 if depth < 4 else 4)
    if kind == 0:
        return draw.choice([None, True, False])
    if kind == 1:
        return number(draw)
    if kind < 4:
        return text(draw)
    count = draw.choice([0, 1, 2, 5])
    if kind == 4:
        items = [value(draw, depth + 1) for _ in range(count)]
        return tuple(items) if draw.random() < 0.1 else items
    members = {text(draw): value(draw, depth + 1) for _ in range(count)}
    if draw.random() < 0.1:
        # Both become the name "1" in JSON: duplicate names.
        members[1] = value(draw, depth + 1)
        members["1"] = value(draw, depth + 1)
    return members


def deep(draw):
    nested = value(draw, 4)
    for _ in range(draw.choice([100, 150, 300])):
        nested = [nested] if draw.random() < 0.5 else {"in": nested}
    return nested


def expiry(draw):
    seconds = draw.choice([1, 60, 300, 3600, 1209600, 10**8])
    micro = draw.choice([0, draw.randrange(10**6)])
    moment = timezone.now().replace(microsecond=micro) + timedelta(seconds=seconds + 60)
    if settings.USE_TZ and draw.random() < 0.5:
        moment = moment.astimezone(zone(timedelta(minutes=draw.choice([330, -210, 60, 840]))))
    return draw.choice([None, None, 0, seconds + 60, seconds + 60.5, timedelta(seconds=seconds + 60.25), moment])


def fill(store, draw):
    for _ in range(draw.choice([0, 1, 3, 8])):
        store[text(draw)] = value(draw)
    if draw.random() < 0.05:
        store["deep"] = deep(draw)
    if draw.random() < 0.1:
        store["long"] = text(draw) * draw.choice([1, 500])
    store.set_expiry(expiry(draw))


# Questions.


def hello():
    return {"django": django.get_version(), "python": sys.version.split()[0]}


def generate(seed, user=None):
    draw = random.Random(seed)
    store = SessionStore()
    fill(store, draw)
    if user:
        login_to(store, user)
    store.save()
    return read(store.session_key)


def read(key):
    store = SessionStore(key)
    found = shown(store)
    return dict(found, row=row(key))


def read_many(keys):
    return [read(key) for key in keys]


def generate_many(seeds, user=None):
    return [generate(seed, user if seed % 4 == 0 else None) for seed in seeds]


def write(key, members, remove=()):
    """Loads, sets members given as JSON, removes others, saves; the key is new if it is None."""
    store = SessionStore(key)
    for name, content in members.items():
        store[name] = json.loads(content)
    for name in remove:
        store.pop(name, None)
    store.save()
    return store.session_key


def expire(key, kind, value=None):
    """Sets the expiry in one of Django's forms."""
    forms = {
        "default": lambda: None,
        "seconds": lambda: value,
        "delta": lambda: timedelta(seconds=value),
        "at": lambda: datetime.fromisoformat(value),
    }
    store = SessionStore(key)
    store.set_expiry(forms[kind]())
    store.save()
    return read(key)


def set_row_end(key, seconds_from_now):
    """Moves the row's end, as time would."""
    ends = timezone.now() + timedelta(seconds=seconds_from_now)
    return Session.objects.filter(session_key=key).update(expire_date=ends)


def request_with(store):
    request = HttpRequest()
    request.session = store
    return request


def login_to(store, user):
    found = auth.get_user_model().objects.get(username=user)
    auth.login(request_with(store), found, "django.contrib.auth.backends.ModelBackend")


def login(key, user):
    store = SessionStore(key)
    login_to(store, user)
    store.save()
    return store.session_key


def logout(key):
    auth.logout(request_with(SessionStore(key)))


def user_of(key):
    """The user that Django knows by this key; a look that changes the session saves it, as a request would."""
    store = SessionStore(key)
    user = auth.get_user(request_with(store))
    if store.modified and not store.is_empty():
        store.save()
    return {"user": user.get_username() or None, "key": store.session_key}


def account(user):
    found = auth.get_user_model().objects.get(username=user)
    return {"id": str(found.pk), "password": found.password, "hash": found.get_session_auth_hash()}


def set_password(user, password):
    found = auth.get_user_model().objects.get(username=user)
    found.set_password(password)
    found.save()


def flush(key):
    SessionStore(key).flush()


def cycle(key):
    store = SessionStore(key)
    store.cycle_key()
    store.save()
    return store.session_key


def exists(key):
    return SessionStore().exists(key)


def normalise(content):
    """What Python reads of a JSON text, as Python writes it."""
    return compact(json.loads(content))


def encode(content):
    return SessionStore().encode(json.loads(content))


def decode(data):
    return {name: json.dumps(item) for name, item in SessionStore().decode(data).items()}


def dump(content):
    """A value of the signed_cookies engine."""
    return signing.dumps(json.loads(content), compress=True, salt=COOKIES)


def load(token):
    return compact(signing.loads(token, max_age=settings.SESSION_COOKIE_AGE, salt=COOKIES))


def keys():
    return sorted(Session.objects.values_list("session_key", flat=True))


def command(*args):
    out = io.StringIO()
    status = 0
    try:
        call_command(*args, stdout=out, stderr=out)
    except SystemExit as end:
        status = end.code
    return {"status": status, "out": out.getvalue()}


def sql(statements):
    """Runs SQL, and returns the rows of the last statement."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return [list(row) for row in cursor.fetchall()] if cursor.description else []


def decode_many(tokens):
    return [decode(token) for token in tokens]


def cost_of_reads(key, name, times):
    """A value, and the processor time of one read in microseconds, as a request does it, on a connection that is open."""
    value = SessionStore(key).get(name)
    start = time.process_time()
    for _ in range(times):
        SessionStore(key).get(name)
    return {"value": value, "micros": (time.process_time() - start) / times * 1e6}


QUESTIONS = {
    act.__name__: act
    for act in [
        hello, generate, generate_many, read, read_many, write, expire, set_row_end, login, logout, user_of, account,
        set_password, flush, cycle, exists, normalise, encode, decode, decode_many, dump, load, keys, row, sql, cost_of_reads,
    ]
}


def answer(question):
    name = question.pop("do")
    if name == "command":
        return command(*question["args"])
    return QUESTIONS[name](**question)


for line in sys.stdin:
    try:
        reply = {"ok": answer(json.loads(line))}
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
