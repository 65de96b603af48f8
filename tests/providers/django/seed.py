"""The people and the clients that the tests know."""

from django.contrib.auth.models import User
from django.core.management import call_command
from oauth2_provider.models import Application

# Any port fits a loopback redirect (RFC 8252 7.3).
REDIRECTS = "http://127.0.0.1/callback http://localhost/callback http://[::1]/callback"

CODE = Application.GRANT_AUTHORIZATION_CODE
DEVICE = Application.GRANT_DEVICE_CODE
SERVICE = Application.GRANT_CLIENT_CREDENTIALS

# A client of this server has one grant, and refreshing beside it. Without a secret it is a public one.
CLIENTS = [
    ("native", CODE, ""),
    ("native-short", CODE, ""),
    ("device", DEVICE, ""),
    ("device-short", DEVICE, ""),
    ("basic", CODE, "basic-secret"),
    ("guarded", CODE, "guarded-secret"),
    ("device-basic", DEVICE, "device-basic-secret"),
    ("service", SERVICE, "service-secret"),
    # Asks about tokens, as a resource server would.
    ("watcher", SERVICE, "watcher-secret"),
]


def seed():
    call_command("migrate", verbosity=0)
    people = [User.objects.create_user(name, f"{name}@example.test", "any") for name in ("alice", "bob")]
    for client_id, grant, secret in CLIENTS:
        Application.objects.create(
            client_id=client_id,
            name=client_id,
            user=people[0],
            client_type=Application.CLIENT_CONFIDENTIAL if secret else Application.CLIENT_PUBLIC,
            authorization_grant_type=grant,
            client_secret=secret,
            redirect_uris=REDIRECTS if grant == CODE else "",
            algorithm=Application.NO_ALGORITHM if grant == SERVICE else Application.RS256_ALGORITHM,
        )
