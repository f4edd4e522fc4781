//! What every source file keeps to.

use crate::tree::{assert_none, files, rust_files, rust_text, text};

/// Lines of a source file outside tests, at most.
const MAX_LINES: usize = 400;

/// Rooms without a name.
const NAMELESS: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc", "shared", "stuff"];

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

#[test]
fn every_module_says_what_it_is() {
    let silent = rust_files().into_iter().filter(|path| {
        let text = rust_text(path);
        let first = text.lines().next().unwrap_or_default();
        !first.starts_with("//! ") || first.len() < "//! Words.".len()
    });
    assert_none("the first line must be `//! ` and a sentence", silent.collect());
}

#[test]
fn no_file_is_too_long() {
    let long = rust_files().into_iter().filter(|path| !is_test(path)).filter_map(|path| {
        let lines = rust_text(&path).lines().count();
        (lines > MAX_LINES).then(|| format!("{path}: {lines} lines"))
    });
    assert_none("more than 400 lines: split by reason to change", long.collect());
}

#[test]
fn every_room_has_a_name() {
    let nameless = files("")
        .into_iter()
        .filter(|path| path.split('/').any(|part| NAMELESS.contains(&part.split('.').next().unwrap_or_default())));
    assert_none("names that say nothing", nameless.collect());
}

#[test]
fn mod_rs_and_lib_rs_are_lists_without_code() {
    let mut violations = Vec::new();
    for path in rust_files() {
        let is_list = path.ends_with("/mod.rs") || path.ends_with("/lib.rs");
        if is_list && let Some(line) = first_line_of_code(&rust_text(&path)) {
            violations.push(format!("{path}: {line}"));
        }
    }
    assert_none("mod.rs and lib.rs only list modules", violations);
}

/// The first line that is neither a comment, an attribute nor `mod name;`.
fn first_line_of_code(text: &str) -> Option<String> {
    let mut depth = 0_i32;
    for line in text.lines().map(str::trim) {
        let in_attribute = depth > 0 || line.starts_with("#[") || line.starts_with("#![");
        if in_attribute {
            let count = |c| i32::try_from(line.matches(c).count()).unwrap_or_default();
            depth += count('[') - count(']');
            continue;
        }
        let rest = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
        let is_mod = rest.strip_prefix("mod ").is_some_and(|name| name.ends_with(';'));
        if !(line.is_empty() || line.starts_with("//") || is_mod) {
            return Some(line.to_owned());
        }
    }
    None
}

#[test]
fn nothing_is_re_exported() {
    let mut violations = Vec::new();
    for path in rust_files() {
        for (number, line) in rust_text(&path).lines().enumerate() {
            if line.trim_start().starts_with("pub use ") {
                violations.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_none("one path per item", violations);
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    // Put together here so that this file passes its own rule.
    let roots: Vec<String> = ["work", "farm", "root", "home", "Users"].iter().map(|name| format!("/{name}/")).collect();
    let mut violations = Vec::new();
    for path in files("") {
        let Some(text) = text(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            if roots.iter().any(|root| starts_a_path(line, root)) {
                violations.push(format!("{path}:{}", number + 1));
            }
        }
    }
    assert_none("paths of one machine", violations);
}

/// Whether `root` stands in the line as the beginning of an absolute path, not in the middle of another.
fn starts_a_path(line: &str, root: &str) -> bool {
    line.match_indices(root).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "._-*}/$~".contains(c)))
    })
}

#[test]
fn tests_have_sentences_for_names() {
    let mut violations = Vec::new();
    for path in rust_files() {
        let text = rust_text(&path);
        let mut lines = text.lines().map(str::trim).peekable();
        let mut after_test = false;
        for line in lines.by_ref() {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                after_test = true;
            } else if after_test && line.contains("fn ") {
                after_test = false;
                let name = line.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
                if name.starts_with("test_") || !name.contains('_') {
                    violations.push(format!("{path}: {name}"));
                }
            }
        }
    }
    assert_none("a test's name is a sentence and has no `test_`", violations);
}
