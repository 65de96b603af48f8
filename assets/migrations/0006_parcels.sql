-- One row: the vault's public recipient (age1...), in the clear, so that something can be sealed to it while the vault is
-- locked. Each unlocking compares it with the vault's identity and puts the right one back where it was exchanged.
CREATE TABLE recipient (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    recipient TEXT    NOT NULL
);

-- What came in while the vault was locked: `sealed` is an age file to `recipient`. Whoever may write this file can put one
-- here, nobody who does has a key to bind it with; so each is shown to a person, who takes it in or refuses it.
CREATE TABLE parcel (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    recipient TEXT    NOT NULL,
    sealed    BLOB    NOT NULL
);
