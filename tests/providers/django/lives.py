"""How long access tokens live, in seconds: long enough to look at them, or so short that they are seen to be renewed."""

USUAL = 120
SHORT = 6


def access_token_lives(request):
    return SHORT if request.client_id and "short" in request.client_id else USUAL
