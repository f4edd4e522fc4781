//! What `docs/requirements.md` calls covered by a test is.

use crate::tree::{assert_none, root, text};

#[test]
fn every_test_that_the_requirements_name_exists() {
    let page = text("docs/requirements.md").expect("docs/requirements.md");
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let named: Vec<String> = rows.flat_map(tests_of_row).collect();
    assert!(named.len() > 100, "only {} rows with a test were understood", named.len());
    let mut missing: Vec<String> = named.into_iter().filter(|path| !exists(path)).collect();
    missing.sort();
    missing.dedup();
    assert_none("docs/requirements.md names tests that do not exist", missing);
}

/// The paths in a row's cell that begins with `test: `.
fn tests_of_row(row: &str) -> Vec<String> {
    let cell = row.split('|').map(str::trim).find_map(|cell| cell.trim_matches('*').strip_prefix("test: `"));
    let Some(cell) = cell else { return Vec::new() };
    let quoted = format!("`{cell}");
    quoted.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn exists(path: &str) -> bool {
    let target = root().join(path);
    if path.ends_with('/') { target.is_dir() } else { target.is_file() }
}
