//! Where in which log a reader of the feed stands.

use crate::problem::{Code, Problem};
use domain::ids::{LogId, Position};
use http::{HeaderMap, HeaderName};
use std::fmt;
use std::str::FromStr;

/// What a client of server-sent events sends when it comes back (WHATWG HTML, 9.2.4).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A position, and of which log where that is said: `<log>:<position>` or `<position>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumePoint {
    /// The log; none where it is not said.
    pub log: Option<LogId>,
    /// The position.
    pub position: Position,
}

impl FromStr for ResumePoint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (log, position) = match text.split_once(':') {
            Some((log, position)) => (Some(log.parse().map_err(drop)?), position),
            None => (None, text),
        };
        Ok(Self { log, position: position.parse().map_err(drop)? })
    }
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.log {
            Some(log) => write!(f, "{log}:{}", self.position),
            None => write!(f, "{}", self.position),
        }
    }
}

/// Where a stream was left.
///
/// # Errors
/// [`Code::BadHeader`] when the header is none: going on from elsewhere would lose what came between.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<ResumePoint>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let point = value.to_str().ok().and_then(|text| text.parse().ok());
    let bad = || Problem::new(Code::BadHeader).detail("Last-Event-ID: must be the id of an event of this stream");
    point.map(Some).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_point_is_read_as_it_is_written() {
        for text in ["0", "17", "00000000-0000-4000-8000-00000000000a:17"] {
            assert_eq!(text.parse::<ResumePoint>().map(|point| point.to_string()).as_deref(), Ok(text));
        }
        for bad in [
            "",
            ":",
            ":1",
            "x:1",
            "00000000-0000-4000-8000-00000000000a:",
            "00000000-0000-4000-8000-00000000000a:1:2",
            "-1",
        ] {
            assert_eq!(bad.parse::<ResumePoint>(), Err(()), "{bad}");
        }
    }
}
