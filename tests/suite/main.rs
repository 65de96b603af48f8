//! Everything that is tested from outside, as one binary.
#![allow(
    unreachable_pub,
    reason = "a test binary is reached by nobody; its modules share with each other"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod agent;
mod agent_bounds;
mod agent_client;
mod agent_rig;
mod audit;
mod audit_cli;
mod boundaries;
mod cli_again;
mod cli_backup;
mod cli_basics;
mod cli_daemon;
mod cli_doctor;
mod cli_flow;
mod cli_generations;
mod cli_hardening;
mod cli_import;
mod cli_keys;
mod cli_provider;
mod cli_surroundings;
mod cli_transfer;
mod cli_vault;
mod cli_why;
mod crash;
mod crash_canary;
mod crash_restore;
mod crash_signin;
mod demo;
mod demo_keys;
mod demo_protocol;
mod demo_quirks;
mod demo_seed;
mod engine_allowance;
mod engine_backups;
mod engine_bench;
mod engine_chores;
mod engine_core;
mod engine_ending;
mod engine_failing;
mod engine_forecast;
mod engine_play;
mod engine_restored;
mod engine_revoking;
mod engine_rig;
mod engine_runner;
mod engine_signin;
mod engine_vault;
mod engine_why;
mod engine_wishes;
mod fuzz_files;
mod fuzz_hostile;
mod fuzz_parsers;
mod fuzz_rig;
mod fuzz_socket;
mod git_rig;
mod helper_git;
mod identify;
mod inbox;
mod leaks;
mod lock;
mod lock_sleep;
mod oauth_advice;
mod oauth_callback;
mod oauth_catalogue;
mod oauth_discovery;
mod oauth_network;
mod oauth_requests;
mod oauth_rig;
mod panic_key;
mod profiles;
mod profiles_answers;
mod profiles_demands;
mod profiles_demo;
mod profiles_person;
mod profiles_rig;
mod profiles_rotation;
mod profiles_signin;
mod protocol;
mod providers_django;
mod providers_oidc;
mod providers_oidc_extensions;
mod providers_oidc_stepup;
mod providers_rig;
mod providers_shared;
mod raw_http;
mod readme;
mod reuse;
mod sample;
mod sandbox;
mod simulation;
mod tui;
mod tui_lock;
mod tui_rig;
mod tui_rows;
mod vault_disk;
mod vault_fixture;
mod vault_flips;
mod vault_generations;
mod vault_keyring;
mod vault_log;
mod vault_plugin;
mod vault_pruning_kill;
mod vault_recovery;
mod vault_rotation;
mod vault_slots;
mod vault_store;
mod vault_tampering;
mod vault_tries;
