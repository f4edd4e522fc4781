//! What the shell prints: results to standard output, faults to standard error.

use serde::Serialize;
use std::io::{Write, stderr, stdout};

/// Where results go, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// As JSON, or for people.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// A result: the value as JSON, or the words.
    ///
    /// # Errors
    /// When nobody takes it.
    pub fn result(&self, value: &impl Serialize, words: &str) -> anyhow::Result<()> {
        if self.json { self.line(value) } else { self.text(&format!("{words}\n")) }
    }

    /// A value as one line of JSON.
    ///
    /// # Errors
    /// When nobody takes it.
    pub fn line(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.text(&format!("{}\n", serde_json::to_string(value)?))
    }

    /// A text as it is.
    ///
    /// # Errors
    /// When nobody takes it.
    pub fn text(&self, text: &str) -> anyhow::Result<()> {
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// A fault with its causes, in one line on standard error.
    pub fn fault(&self, fault: &anyhow::Error) {
        let line = if self.json {
            serde_json::json!({ "error": format!("{fault:#}") }).to_string()
        } else {
            format!("tidings: {fault:#}")
        };
        // There is nobody left to tell when standard error is closed.
        drop(writeln!(stderr().lock(), "{line}"));
    }
}
