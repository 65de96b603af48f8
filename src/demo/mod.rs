//! A small real OAuth provider on loopback: for the demo, the tests, and learning how providers misbehave.
