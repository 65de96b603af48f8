-- One row, or none: a key that is older than the vault's identity. Fingerprints of tokens that are gone cannot be computed
-- anew, so their key stays what it was when the identity is replaced; `sealed` is an age file to the present identity.
CREATE TABLE kept_key (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    mac    BLOB NOT NULL,
    sealed BLOB NOT NULL
);
