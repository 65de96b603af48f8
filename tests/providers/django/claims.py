"""What ID tokens and userinfo say of a person."""

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    def get_additional_claims(self, request):
        person = request.user
        return {"name": person.get_username(), "email": person.email, "email_verified": True}
