-- Generations of credentials that were replaced: `profile` and `secret` are the age files that the credential's row held,
-- under the hashes they had there (`profile_mac`, `secret_mac`), which `mac` binds to this place. `replaced` says by what:
-- 1 a refresh, 2 a sign-in, 3 an import, 4 an earlier generation that was put back.
CREATE TABLE kept_generation (
    credential  INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    replaced    INTEGER NOT NULL,
    name_hash   BLOB    NOT NULL,
    profile_mac BLOB    NOT NULL,
    secret_mac  BLOB    NOT NULL,
    mac         BLOB    NOT NULL,
    profile     BLOB    NOT NULL,
    secret      BLOB    NOT NULL,
    PRIMARY KEY (credential, generation)
);
CREATE INDEX kept_generation_by_time ON kept_generation (replaced_at);
