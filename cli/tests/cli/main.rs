//! The program as people run it: arguments and standard input in; files, output and exit codes out.

#![allow(clippy::unwrap_used)]
#![forbid(unsafe_code)]

mod bad_input;
mod cluster;
mod cluster_wide;
mod completions;
mod config;
mod config_bad_input;
mod create;
mod create_bad_input;
mod desk;
mod diff;
mod edit;
mod edit_interrupted;
mod forge;
mod generate;
mod git;
mod init;
mod inspect;
mod keygen;
mod keys;
mod kills;
mod krm;
mod program;
mod program_name;
mod raw;
mod rename;
mod reseal;
mod screen;
mod seal;
mod set;
mod set_bad_input;
mod shelf;
mod shell_examples;
mod status;
mod terminal;
mod unseal;
mod unset;
mod validate;
mod validate_formats;
mod validate_leaks;
mod validate_staged;
mod workshop;
