-- The first format. Names of tables and columns that recovery relies on are part of it: slot.sealed,
-- credential.profile, credential.secret are stock age files. Every row carries an HMAC (`mac`, `*_mac`) keyed by the
-- vault identity. Nothing here names a provider or an account: those stand inside the age files, and lookups go by
-- keyed hash.

-- One row: which vault this is.
CREATE TABLE meta (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    vault_id   BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    mac        BLOB    NOT NULL
);

-- Ways to unlock: each `sealed` is an age file that holds the vault's age identity.
CREATE TABLE slot (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    label      TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    mac        BLOB    NOT NULL
);

-- The hashes stand before the payloads, so that reading them does not read the payloads' pages.
CREATE TABLE credential (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    generation  INTEGER NOT NULL,
    name_hash   BLOB    NOT NULL UNIQUE,
    profile_mac BLOB    NOT NULL,
    secret_mac  BLOB    NOT NULL,
    profile     BLOB    NOT NULL,
    secret      BLOB    NOT NULL
);

-- Client registrations; of one provider the newest counts.
CREATE TABLE client (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    provider_hash BLOB    NOT NULL,
    client_hash   BLOB    NOT NULL UNIQUE,
    mac           BLOB    NOT NULL,
    sealed        BLOB    NOT NULL
);
CREATE INDEX client_by_provider ON client (provider_hash, id);

-- Refresh tokens about to be spent, whose outcome is not on disk yet.
CREATE TABLE journal (
    credential  INTEGER PRIMARY KEY,
    generation  INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    mac         BLOB    NOT NULL
);

-- The activity log.
CREATE TABLE event (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    subject_hash BLOB,
    mac          BLOB    NOT NULL,
    sealed       BLOB    NOT NULL
);
CREATE INDEX event_by_subject ON event (subject_hash, id);

-- Keyed hashes of every token a credential ever held; they outlive the credential.
CREATE TABLE fingerprint (
    fingerprint INTEGER PRIMARY KEY,
    credential  INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    mac         BLOB    NOT NULL
);

-- One row: how many rows each table has and a sum over their hashes, encrypted and bound: rows that were deleted or put
-- back are noticed.
CREATE TABLE ledger (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    nonce BLOB NOT NULL,
    sums  BLOB NOT NULL,
    mac   BLOB NOT NULL
);
