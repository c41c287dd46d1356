"""Views that drive a session from outside, for tests: the routes of the showcase, answered by Django.

Each takes `delay_ms=N` (the session is loaded, then N ms pass, then it acts) and `status=N` (it acts, then answers with that
status). They check no CSRF token, so they are there only if DRIVE is in the environment.
"""
import json
import time
from datetime import datetime, timedelta

from django.contrib import auth, messages
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


def driven(act):
    @csrf_exempt
    def view(request, **captured):
        delay = int(request.GET.get("delay_ms", 0))
        if delay:
            request.session.get("")
            time.sleep(delay / 1000)
        response = act(request, **captured) or HttpResponse(status=204)
        response.status_code = int(request.GET.get("status", response.status_code))
        return response

    return view


def session(request):
    data = dict(request.session.items())
    return JsonResponse(
        {
            "exists": request.session.session_key is not None,
            "data": {name: value for name, value in data.items() if not name.startswith("_")},
            "owner": request.user.get_username() or None,
            "browser_close": request.session.get_expire_at_browser_close(),
            "expires_in": request.session.get_expiry_age(),
        }
    )


def data(request, name):
    if request.method == "PUT":
        request.session[name] = json.loads(request.body)
    elif request.method == "DELETE":
        request.session.pop(name, None)
    elif name in request.session:
        return JsonResponse(request.session[name], safe=False)
    else:
        return HttpResponse(status=404)


def by(request, name):
    """Sets a value, and who has set which."""
    request.session[name] = value = json.loads(request.body)
    request.session["by"] = f"{name}:{value}"


def login(request):
    user = auth.get_user_model().objects.get(username=json.loads(request.body)["user"])
    auth.login(request, user, "django.contrib.auth.backends.ModelBackend")


def password(request):
    """Sets another password for the signed-in user; this session stays signed in."""
    request.user.set_password(json.loads(request.body)["password"])
    request.user.save()
    auth.update_session_auth_hash(request, request.user)


def lifetime(request):
    (form, value), = json.loads(request.body).items()
    choices = {
        "default": lambda: None,
        "browser_close": lambda: 0,
        "seconds": lambda: value,
        "delta": lambda: timedelta(seconds=value),
        "at": lambda: datetime.fromisoformat(value.replace("Z", "+00:00")),
    }
    request.session.set_expiry(choices[form]())


def message(request):
    if request.method == "POST":
        messages.info(request, json.loads(request.body))
        return None
    return JsonResponse([str(message) for message in messages.get_messages(request)], safe=False)


def touch(request):
    request.session.modified = True


def flush_write(request):
    request.session.flush()
    request.session["new"] = 1


def gone(request):
    """The row is deleted elsewhere while this request holds the session, and then it writes."""
    key = request.session.session_key
    request.session.get("")
    type(request.session)().delete(key)
    request.session["late"] = 1


routes = {
    "untouched": lambda request: None,
    "session": session,
    "data/<str:name>": data,
    "by/<str:name>": by,
    "login": login,
    "logout": lambda request: auth.logout(request),
    "flush": lambda request: request.session.flush(),
    "cycle": lambda request: request.session.cycle_key(),
    "clear": lambda request: request.session.clear(),
    "password": password,
    "lifetime": lifetime,
    "message": message,
    "touch": touch,
    "flush_write": flush_write,
    "gone": gone,
}
urlpatterns = [path("api/" + route, driven(act)) for route, act in routes.items()]
