//! Everything that `tidings log verify` finds in a log, and what it says of it.

use super::engine::Log;
use super::fault::OpenFault;
use super::open::{Rebuilt, Report};
use super::recovery::Torn;
use super::segment::index_name;
use super::verify::Verified;
use domain::ids::Position;
use domain::source::SourceFault;
use std::fmt::{Display, Formatter, Result as Formatted};

/// Something that is not as it is in a log that was closed in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// What had been durable at this position is not what it was, or is gone.
    Damaged(Position, String),
    /// An entry of the file of truncations and tombstones is lost, at this byte.
    MarksLost(usize),
    /// The same file is damaged from this byte on, and no entry is lost.
    MarksDamaged(usize),
    /// The index of the segment that begins at this position is not what it was.
    DamagedIndex(Position),
    /// The segment that begins at this position has no index: the process may have ended before it was written.
    MissingIndex(Position),
    /// The rest of a batch that was never acknowledged.
    Torn(Torn),
}

impl Finding {
    /// Whether something had been durable and is not what it was. The rest is what a crash leaves.
    pub const fn is_damage(&self) -> bool {
        match self {
            Finding::Damaged(..) | Finding::MarksLost(_) | Finding::MarksDamaged(_) | Finding::DamagedIndex(_) => true,
            Finding::MissingIndex(_) | Finding::Torn(_) => false,
        }
    }
}

impl Display for Finding {
    fn fmt(&self, to: &mut Formatter<'_>) -> Formatted {
        match self {
            Finding::Damaged(position, reason) => write!(to, "the log is damaged at position {position}: {reason}"),
            Finding::MarksLost(byte) => write!(to, "{}", OpenFault::Marks(*byte)),
            Finding::MarksDamaged(byte) => write!(to, "{}; no entry is lost", OpenFault::Marks(*byte)),
            Finding::DamagedIndex(first) => {
                let file = index_name(first.0);
                write!(
                    to,
                    "the index of the segment that begins at position {first} is damaged: without its file, {file}, the next start builds it again"
                )
            }
            Finding::MissingIndex(first) => {
                write!(
                    to,
                    "the index of the segment that begins at position {first} is missing: the next start builds it again"
                )
            }
            Finding::Torn(Torn { position, bytes }) => {
                let last = position.0.saturating_sub(1);
                write!(
                    to,
                    "{bytes} bytes after position {last} are the beginning of a batch that was never acknowledged: the next start cuts them off"
                )
            }
        }
    }
}

/// What opening alone found.
pub fn found_at_opening(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(report.damage.clone().map(|(position, reason)| Finding::Damaged(position, reason)));
    findings.extend(match (report.marks_lost_at, report.marks_damaged_at) {
        (Some(byte), _) => Some(Finding::MarksLost(byte)),
        (None, damaged_at) => damaged_at.map(Finding::MarksDamaged),
    });
    findings.extend(report.rebuilt_indexes.iter().map(|rebuilt| match rebuilt {
        Rebuilt::Missing(first) => Finding::MissingIndex(*first),
        Rebuilt::Damaged(first) => Finding::DamagedIndex(*first),
    }));
    findings.extend(report.torn.map(Finding::Torn));
    findings
}

/// What was checked, and what was found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What was read; none when a damaged record ended it.
    pub verified: Option<Verified>,
    /// In the order in which they are told.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// What had been durable and is not what it was.
    pub fn is_damaged(&self) -> bool {
        self.findings.iter().any(Finding::is_damage)
    }
}

/// A line for each finding, and how much was read.
impl Display for Checked {
    fn fmt(&self, to: &mut Formatter<'_>) -> Formatted {
        let mut lines: Vec<String> = self.findings.iter().map(Finding::to_string).collect();
        if let Some(Verified { events, bytes, .. }) = self.verified {
            let nothing = if self.is_damaged() { "" } else { ": nothing is damaged" };
            lines.push(format!("verified {events} events ({bytes} bytes){nothing}"));
        }
        write!(to, "{}", lines.join("\n"))
    }
}

/// Checks every record and every index of a log that is open for reading. Tells `progress` the last checked position and
/// the head from time to time.
///
/// # Errors
/// When it cannot be read. Damage is no error here.
pub fn check(log: &Log, progress: impl FnMut(Position, Position)) -> Result<Checked, SourceFault> {
    let (mut findings, mut damaged_indexes) = (found_at_opening(log.report()), Vec::new());
    let verified = match log.history().verify_all(progress, &mut damaged_indexes) {
        Ok(verified) => Some(verified),
        Err(SourceFault::Damaged(position, reason)) => {
            findings.push(Finding::Damaged(position, reason));
            None
        }
        Err(fault) => return Err(fault),
    };
    findings.extend(damaged_indexes.into_iter().map(Finding::DamagedIndex));
    // Damage comes first.
    findings.sort_by_key(|finding| !finding.is_damage());
    Ok(Checked { verified, findings })
}
