"""Keeps what clients asked, so that the tests can count requests."""

import base64
import json
import threading
from urllib.parse import unquote_plus

from django.http import JsonResponse

PATHS = ("/o/token/", "/o/revoke_token/", "/o/introspect/", "/o/device-authorization/", "/o/register/")

_lock = threading.Lock()
_requests = []


def _client(request):
    kind, _, pair = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return request.POST.get("client_id")
    try:
        return unquote_plus(base64.b64decode(pair).decode().partition(":")[0])
    except ValueError:
        return None


def _error(response):
    try:
        return json.loads(response.content).get("error")
    except (AttributeError, ValueError):
        return None


class Record:
    """Middleware: one entry for each request to an endpoint of the protocol."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, request):
        response = self.answer(request)
        if request.path.startswith(PATHS):
            entry = {
                "path": request.path,
                "grant_type": request.POST.get("grant_type"),
                "client": _client(request),
                "status": response.status_code,
                "error": _error(response),
            }
            with _lock:
                _requests.append(entry)
        return response


def requests(_):
    with _lock:
        return JsonResponse(list(_requests), safe=False)
