//! What an import found, what it added, and what it could not map.

use serde::Serialize;
use std::io::{self, Write};

/// Something that is not imported, or not as it was, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// A file of the archive, or a part of it.
    pub place: String,
    /// What about it.
    pub what: String,
}

/// All of them, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// One more.
    pub fn add(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.0.push(Notice { place: place.into(), what: what.into() });
    }

    /// Hands them over.
    pub fn into_vec(self) -> Vec<Notice> {
        self.0
    }
}

/// How many of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Stand in the export.
    pub found: u64,
    /// Are in the log because of this run.
    pub added: u64,
}

/// The numbers of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// People.
    pub accounts: Count,
    /// Channels.
    pub conversations: Count,
    /// Messages, those in threads too.
    pub messages: Count,
    /// Edits of messages.
    pub edits: Count,
    /// Reactions, one for each person.
    pub reactions: Count,
    /// Joins; one of somebody who is a member already adds nothing.
    pub joins: Count,
    /// Leaves.
    pub leaves: Count,
}

/// What came of an import.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The numbers.
    #[serde(flatten)]
    pub counts: Counts,
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// What was not imported, or not as it was.
    pub notices: Vec<Notice>,
}

impl Report {
    /// Writes it for a person: first what could not be mapped, then the numbers.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for notice in &self.notices {
            writeln!(out, "{}: {}", notice.place, notice.what)?;
        }
        if !self.notices.is_empty() {
            writeln!(out)?;
        }
        let counts = &self.counts;
        let rows = [
            ("accounts", counts.accounts),
            ("conversations", counts.conversations),
            ("messages", counts.messages),
            ("edits", counts.edits),
            ("reactions", counts.reactions),
            ("joins", counts.joins),
            ("leaves", counts.leaves),
        ];
        writeln!(out, "{:<15}{:>10}{:>10}", "", "found", "added")?;
        for (name, count) in rows {
            writeln!(out, "{name:<15}{:>10}{:>10}", count.found, count.added)?;
        }
        let seconds = self.duration_ms as f64 / 1000.0;
        writeln!(out, "done in {seconds:.1} s, with {} notices", self.notices.len())
    }
}
