-- What local programs may have: one row a grant, an age file with its terms and with what is kept of the pairs of tokens
-- that are out: never a token, but the bcrypt hash of each refresh token and the key that its family is known by.
CREATE TABLE program_grant (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name_hash BLOB    NOT NULL UNIQUE,
    mac       BLOB    NOT NULL,
    sealed    BLOB    NOT NULL
);
