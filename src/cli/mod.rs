//! The command line: one file a command, words for people, exit codes.
