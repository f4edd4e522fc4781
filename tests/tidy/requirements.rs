//! What `docs/requirements.md` calls covered by a test is.

use crate::tree::{assert_none, root, rust_files, rust_text, text};
use std::collections::BTreeSet;

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

#[test]
fn every_test_that_a_row_calls_by_its_sentence_exists() {
    let page = text("docs/requirements.md").expect("docs/requirements.md");
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    // A sentence, not a field or a file.
    let is_sentence = |name: &&str| {
        name.matches('_').count() > 3 && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let sentences: BTreeSet<&str> = quoted.filter(is_sentence).collect();
    assert!(sentences.len() > 10, "only {} sentences were understood", sentences.len());
    let sources: Vec<String> = rust_files().iter().map(|file| rust_text(file)).collect();
    let is_there = |name: &&&str| sources.iter().any(|source| source.contains(&format!("fn {name}(")));
    let missing: Vec<String> = sentences.iter().filter(|name| !is_there(name)).map(|name| (*name).to_owned()).collect();
    assert_none("docs/requirements.md calls tests by sentences that do not exist", missing);
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

/// Of each list, by its number: how many rows there are and how many have which status.
fn counted(page: &str) -> Vec<(String, [usize; 5])> {
    const KINDS: [&str; 4] = ["test", "planned", "replaced", "refused"];
    let mut lists: Vec<(String, [usize; 5])> = Vec::new();
    let mut is_inside = false;
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            is_inside = title.starts_with(|first: char| first.is_ascii_digit());
            if is_inside {
                lists.push((title.to_owned(), [0; 5]));
            }
        }
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (id, status) = (cells.next().unwrap_or_default(), cells.nth(1).unwrap_or_default());
        let kind = KINDS.iter().position(|kind| status.starts_with(kind));
        if let (true, true, Some(kind), Some((_, counts))) = (is_inside, id != "id", kind, lists.last_mut()) {
            counts[0] += 1;
            counts[kind + 1] += 1;
        }
    }
    lists
}

#[test]
fn the_counts_of_the_requirements_are_those_of_their_rows() {
    let page = text("docs/requirements.md").expect("docs/requirements.md");
    let mut lists = counted(&page);
    let mut all = [0; 5];
    for (_, counts) in &lists {
        all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    lists.push(("all".to_owned(), all));
    let rows = lists.iter().map(|(title, counts)| {
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        format!("| {title} | {} |", counts.join(" | "))
    });
    assert_none("docs/requirements.md should count", rows.filter(|row| !page.contains(row.as_str())).collect());
}
