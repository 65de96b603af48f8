-- The activity log becomes a chain: each row's `mac` covers the one of the row before it, so that a row that was changed,
-- removed, inserted or moved shows. `sealed` is no age file any more but XChaCha20-Poly1305 (nonce, then ciphertext)
-- under a key derived from the vault identity: a quarter of a year's rows have to open within a second. The rows there
-- are get their new form at the first unlocking.
ALTER TABLE event ADD COLUMN at INTEGER NOT NULL DEFAULT 0;

-- One row: where the chain begins, since its older part was pruned. Without it the log has its old form.
CREATE TABLE event_start (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    pruned INTEGER NOT NULL,
    link   BLOB    NOT NULL,
    mac    BLOB    NOT NULL
);
