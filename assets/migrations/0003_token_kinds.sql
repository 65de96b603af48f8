-- Which of a credential's tokens a fingerprint is of: 1 the access token, 2 the refresh token. Older rows do not tell.
ALTER TABLE fingerprint ADD COLUMN kind INTEGER;
