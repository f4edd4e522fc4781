//! What the server sends.

use crate::live::close::Close;
use crate::live::wire::Wire;
use crate::problem::Document;
use domain::clock::Time;
use domain::ids::{AccountId, LogId, Position, SessionId};
use serde::Serialize;
use serde_json::value::RawValue;

/// A frame of the server.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Frame<'a> {
    /// First of all.
    Hello {
        /// How often a heartbeat is expected.
        heartbeat_ms: u64,
        /// Now.
        server_time: Time,
    },
    /// The client is known, and events follow.
    Ready {
        /// The token's session.
        session_id: SessionId,
        /// The token's account.
        account_id: AccountId,
        /// Which log positions belong to.
        log_id: LogId,
        /// After `identify` or a reset, every visible event with a greater one follows.
        position: Position,
    },
    /// What was missed since then follows.
    Resumed {
        /// As the client said.
        from: Position,
    },
    /// The missed events cannot be sent: go on as after `identify`.
    Reset {
        /// Why.
        reason: Reset,
    },
    /// Everything that was missed was sent; what follows is live.
    CaughtUp {
        /// Of the tail that was joined.
        position: Position,
        /// Frames sent since `resumed`.
        replayed: u64,
    },
    /// An event.
    Event {
        /// Of the event.
        position: Position,
        /// Whether the event makes no more frames: only such a position is stored for resume.
        last: bool,
        /// For instance `message.sent`.
        #[serde(rename = "type")]
        kind: &'static str,
        /// The same for every viewer.
        data: Box<RawValue>,
    },
    /// What is told once: nothing to resume from.
    Ephemeral {
        /// `typing`, `presence` or `read`.
        #[serde(rename = "type")]
        kind: &'static str,
        /// The same for everybody who is told.
        data: Box<RawValue>,
    },
    /// A command was carried out.
    Ack {
        /// As the client said.
        #[serde(rename = "ref")]
        reference: &'a str,
        /// Of its last event, or of the head it was decided on.
        position: Position,
        /// As over HTTP.
        status: u16,
        /// The body as over HTTP; null where there is none.
        data: Option<Box<RawValue>>,
    },
    /// A command was refused.
    Reject {
        /// As the client said.
        #[serde(rename = "ref")]
        reference: &'a str,
        /// The document as over HTTP.
        problem: Document<'a>,
    },
    /// Answers `heartbeat`.
    HeartbeatAck,
    /// The closing frame with the same code follows.
    Bye {
        /// Of the closing frame.
        code: u16,
        /// For a person.
        reason: &'static str,
        /// Whether connecting again makes sense.
        reconnect: bool,
    },
}

/// Why missed events cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// There are more than `limits.resume_frames`.
    TooFar,
    /// The position belongs to another log.
    LogChanged,
    /// The log does not reach as far as the position.
    BeyondHead,
}

impl Frame<'_> {
    /// The frame as it is sent. Shared by everybody who gets it: a clone copies nothing.
    pub fn wire(&self) -> Wire {
        Wire::json(self)
    }

    /// The last frame before closing.
    pub fn bye(close: Close) -> Self {
        Frame::Bye { code: close.code(), reason: close.reason(), reconnect: close.reconnect() }
    }
}

/// The data of an event's frame.
pub fn raw(data: &impl Serialize) -> Box<RawValue> {
    // Nothing in it can fail to be written: its maps have text keys and its numbers are finite.
    serde_json::value::to_raw_value(data).unwrap_or_default()
}
