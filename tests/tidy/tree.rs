//! The files of the project, as a fresh clone has them.

use std::fs;
use std::path::{Path, PathBuf};

/// What is made by building and running, or is not ours.
const NOT_OURS: &[&str] = &["target", "fuzz/target", "fuzz/corpus", "fuzz/artifacts", "data", ".git"];

/// The project's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the tests are a member of the workspace").to_path_buf()
}

/// Every file below `folder` (relative to the root, `""` for everything), as paths relative to the root, sorted.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    found
}

/// Every Rust file of the project.
pub fn rust_files() -> Vec<String> {
    files("").into_iter().filter(|path| path.ends_with(".rs")).collect()
}

/// The text of a file; none when it is not UTF-8.
pub fn text(path: &str) -> Option<String> {
    let bytes = fs::read(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    String::from_utf8(bytes).ok()
}

/// The text of a Rust file.
pub fn rust_text(path: &str) -> String {
    text(path).unwrap_or_else(|| panic!("{path} is not UTF-8"))
}

/// Fails with one line for each violation.
#[track_caller]
pub fn assert_none(rule: &str, violations: Vec<String>) {
    assert!(violations.is_empty(), "{rule}:\n  {}", violations.join("\n  "));
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path.strip_prefix(root()).expect("below the root").to_str().expect("a name in UTF-8").to_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(name);
        }
    }
}
