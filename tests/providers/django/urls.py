"""Where the provider answers: its own endpoints under /o/, RFC 8414's document where that RFC wants it."""

from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider.urls import metadata_urlpatterns

from record import requests

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("", include((metadata_urlpatterns, "metadata"))),
    path("login/", LoginView.as_view(template_name="login.html")),
    path("test/requests", requests),
]
