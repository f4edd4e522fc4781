//! A forbidden dependency is a missing line in a manifest.

use crate::tree::{assert_none, text};
use toml::Table;

const OURS: &[&str] = &["domain", "commands", "projections", "store", "api", "tests"];

/// (member, which of ours it may depend on).
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("commands", &["domain"]),
    ("projections", &["domain"]),
    ("store", &["domain", "commands"]),
    ("api", &["domain", "commands", "projections", "store"]),
    ("tests", &["domain", "commands", "projections", "store", "api"]),
];

/// (member, what it must not know, why).
const MUST_NOT_KNOW: &[(&str, &[&str], &str)] = &[
    ("domain", &["tokio", "tokio-util", "sqlx", "hyper", "axum", "async-nats"], "the domain is pure"),
    ("commands", &["sqlx", "axum", "hyper", "async-nats"], "decisions know no engine"),
    ("projections", &["axum", "hyper", "async-nats"], "read models know neither edge nor transport"),
    ("store", &["axum", "hyper"], "adapters know no edge"),
    ("api", &["sqlx", "async-nats"], "handlers have no SQL and no transport"),
];

fn manifest(member: &str) -> Table {
    let path = if member.is_empty() { "Cargo.toml".to_owned() } else { format!("{member}/Cargo.toml") };
    text(&path).expect("a manifest").parse().expect("a manifest in TOML")
}

/// (kind of dependency, name, what is said of it) of everything a member depends on.
fn dependencies(member: &str) -> Vec<(&'static str, String, toml::Value)> {
    let manifest = manifest(member);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let of_kind = |kind: &'static str| {
        let table = manifest.get(kind).and_then(|table| table.as_table()).cloned().unwrap_or_default();
        table.into_iter().map(move |(name, value)| (kind, name, value))
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

#[test]
fn members_depend_only_downwards() {
    let mut violations = Vec::new();
    for (member, allowed) in MAY_DEPEND_ON {
        for (_, name, _) in dependencies(member) {
            if OURS.contains(&name.as_str()) && !allowed.contains(&name.as_str()) {
                violations.push(format!("{member} depends on {name}"));
            }
        }
    }
    assert_none("layers", violations);
}

#[test]
fn members_do_not_know_what_is_none_of_their_business() {
    let mut violations = Vec::new();
    for (member, forbidden, why) in MUST_NOT_KNOW {
        for (_, name, _) in dependencies(member) {
            if forbidden.contains(&name.as_str()) {
                violations.push(format!("{member} depends on {name}, but {why}"));
            }
        }
    }
    assert_none("layers", violations);
}

#[test]
fn every_member_is_known_to_these_rules() {
    let root = manifest("");
    let members: Vec<&str> =
        root["workspace"]["members"].as_array().expect("members").iter().filter_map(|name| name.as_str()).collect();
    assert_eq!(members, OURS);
}

#[test]
fn each_dependency_has_one_place_and_an_exact_version() {
    let mut violations = Vec::new();
    for (member, _) in MAY_DEPEND_ON {
        for (kind, name, value) in dependencies(member) {
            if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                violations.push(format!("{member}: {kind}: {name} is not taken from the workspace"));
            }
        }
    }
    let root = manifest("");
    let shared = root["workspace"]["dependencies"].as_table().expect("dependencies");
    for (name, value) in shared.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
        let version = value.as_str().or_else(|| value.get("version").and_then(|version| version.as_str()));
        let is_exact = version.and_then(|version| version.strip_prefix('=')).is_some_and(|v| v.split('.').count() == 3);
        if !is_exact {
            violations.push(format!("Cargo.toml: {name} has no exact version"));
        }
    }
    assert_none("dependencies", violations);
}

#[test]
fn every_member_takes_the_workspaces_lints() {
    let without: Vec<String> = MAY_DEPEND_ON
        .iter()
        .filter(|(member, _)| *member != "tests")
        .filter(|(member, _)| manifest(member).get("lints").and_then(|lints| lints.get("workspace")).is_none())
        .map(|(member, _)| format!("{member}/Cargo.toml"))
        .collect();
    assert_none("without `[lints] workspace = true`", without);
}
