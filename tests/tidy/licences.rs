//! Every dependency can be used under a licence that `deny.toml` allows.

use crate::tree::{assert_none, root, text};
use std::process::Command;

#[test]
fn every_dependency_has_an_allowed_licence() {
    let policy: toml::Table = text("deny.toml").expect("deny.toml").parse().expect("TOML");
    let allowed: Vec<&str> =
        policy["licenses"]["allow"].as_array().expect("a list").iter().filter_map(|name| name.as_str()).collect();
    // Of this machine's platform only: the packages of others need not be here.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut violations = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_allowed(licence, &allowed) {
            violations.push(format!("{} {}: {licence}", package["name"], package["version"]));
        }
    }
    assert_none("licences that deny.toml does not allow", violations);
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

/// Of an SPDX expression (or the older form with a slash): one of its alternatives is allowed in all its parts.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], " ");
    if expression.contains(") AND ") || expression.contains(" AND (") {
        // A product of sums, as in `(MIT OR Apache-2.0) AND Unicode-3.0`: every factor must have an allowed term.
        return plain.split(" AND ").all(|factor| factor.split(" OR ").any(|term| allowed.contains(&term.trim())));
    }
    plain.split(" OR ").any(|sum| sum.split(" AND ").all(|term| allowed.contains(&term.trim())))
}

#[test]
fn alternatives_and_conjunctions_are_understood() {
    let allowed = ["MIT", "Unicode-3.0"];
    for good in ["MIT", "Apache-2.0 OR MIT", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "none", "(GPL-3.0 OR LGPL-3.0) AND MIT"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
