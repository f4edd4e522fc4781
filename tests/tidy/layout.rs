//! One command, one file, and the same name in every layer.

use crate::tree::{assert_none, files, root, rust_text};
use std::path::Path;

/// Where the file of a command is missing on purpose: (feature, file, layer, reason).
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[
    ("conversation", "join_conversation", HTTP, "only imports join; open channels do not exist yet"),
    ("conversation", "join_conversation", E2E, "only imports join: tests/e2e/import/slack.rs"),
    ("account", "begin_erasure", HTTP, "issued by a policy"),
    ("account", "begin_erasure", E2E, "issued by a policy: tests/e2e/account/request_erasure.rs"),
    ("account", "erase_account", HTTP, "issued by a policy"),
    ("account", "erase_account", E2E, "issued by a policy: tests/e2e/account/request_erasure.rs"),
    ("conversation", "leave_for_erasure", HTTP, "issued by a policy"),
    ("conversation", "leave_for_erasure", E2E, "issued by a policy: tests/e2e/account/request_erasure.rs"),
    ("conversation", "purge_messages", HTTP, "issued by a policy"),
    ("conversation", "purge_messages", E2E, "issued by a policy: tests/e2e/conversation/change_retention.rs"),
    ("message", "read_message", HTTP, "part of an answer: api/src/http/message/message.rs"),
    ("message", "read_message", E2E, "part of an answer: tests/e2e/message/message.rs"),
    ("job", "end_job", HTTP, "issued by whoever carries the job out"),
    ("job", "end_job", E2E, "issued by whoever carries the job out: tests/e2e/job/rebuild_projection.rs"),
    ("story", "expire_story", HTTP, "issued by a policy"),
];

const COMMANDS: &str = "commands/src";
const HTTP: &str = "api/src/http";
const E2E: &str = "tests/e2e";

/// (feature, file without ending) of every command file.
fn command_files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in files(COMMANDS) {
        let Some((feature, file)) = path[COMMANDS.len() + 1..].split_once('/') else { continue };
        let Some(name) = file.strip_suffix(".rs") else { continue };
        if !name.contains('/') && rust_text(&path).lines().any(|line| line.starts_with("impl Command for ")) {
            found.push((feature.to_owned(), name.to_owned()));
        }
    }
    found
}

fn is_excepted(feature: &str, file: &str, layer: &str) -> bool {
    EXCEPTIONS.iter().any(|(f, n, l, _)| (*f, *n, *l) == (feature, file, layer))
}

#[test]
fn a_command_has_the_same_file_in_every_layer() {
    let commands = command_files();
    assert!(commands.len() >= 14, "only {} command files were found: {commands:?}", commands.len());
    let mut missing = Vec::new();
    for (feature, file) in &commands {
        for layer in [HTTP, E2E] {
            let path = format!("{layer}/{feature}/{file}.rs");
            if !root().join(&path).is_file() && !is_excepted(feature, file, layer) {
                missing.push(path);
            }
        }
    }
    assert_none("missing beside the command of the same name", missing);
}

#[test]
fn an_exception_is_needed_and_names_a_command() {
    let commands = command_files();
    let needless = EXCEPTIONS.iter().filter(|(feature, file, layer, _)| {
        let is_command = commands.contains(&((*feature).to_owned(), (*file).to_owned()));
        !is_command || Path::new(&root()).join(format!("{layer}/{feature}/{file}.rs")).is_file()
    });
    assert_none("exceptions without need", needless.map(|exception| format!("{exception:?}")).collect());
}

#[test]
fn an_end_to_end_file_of_a_feature_is_named_after_its_command_or_endpoint() {
    let features: Vec<String> = command_files().into_iter().map(|(feature, _)| feature).collect();
    let mut strangers = Vec::new();
    for path in files(E2E) {
        let Some((feature, file)) = path[E2E.len() + 1..].split_once('/') else { continue };
        let is_named = [COMMANDS, HTTP].iter().any(|layer| root().join(format!("{layer}/{feature}/{file}")).is_file());
        if features.iter().any(|known| known == feature) && file != "mod.rs" && !is_named {
            strangers.push(path);
        }
    }
    assert_none("neither a command nor an endpoint has this name", strangers);
}

#[test]
fn features_have_the_same_singular_name_in_every_layer() {
    let known = domain_features();
    let mut strangers = Vec::new();
    for layer in [COMMANDS, "projections/src", HTTP] {
        for path in files(layer) {
            let Some((folder, _)) = path[layer.len() + 1..].split_once('/') else { continue };
            let is_room = ROOMS.iter().any(|(room, _)| *room == format!("{layer}/{folder}"));
            if !is_room && !known.iter().any(|feature| feature == folder) {
                strangers.push(format!("{layer}/{folder}"));
            }
        }
    }
    strangers.dedup();
    assert_none("folders that are no feature of the domain", strangers);
}

/// Folders beside the features, with what they hold.
const ROOMS: &[(&str, &str)] = &[
    ("commands/src/execute", "the executor's parts"),
    ("commands/src/log", "the twin of the appending port"),
    ("commands/src/policies", "whenever … then …"),
    ("projections/src/feed", "what a feed resumes from"),
    ("projections/src/database", "both databases"),
    ("projections/src/rebuild", "building again beside the served copy"),
    ("projections/src/run", "the runner's parts"),
    ("projections/src/search", "the index of messages by their words"),
    ("api/src/http/feed", "the feed's socket, and tickets to it"),
    ("api/src/http/log", "the log, for analysts and auditors"),
    ("projections/src/testing", "what its own tests stand on"),
];

fn domain_features() -> Vec<String> {
    let mut found: Vec<String> = files("domain/src")
        .iter()
        .filter_map(|path| path["domain/src/".len()..].split_once('/').map(|(feature, _)| feature.to_owned()))
        .collect();
    found.dedup();
    found
}
