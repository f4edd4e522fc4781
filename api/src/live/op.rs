//! What clients send.

use domain::ids::{ConversationId, LogId, Position};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Bytes of a client's reference to one of its commands, at most.
const REF_MAX_BYTES: usize = 128;

/// A frame of a client.
#[derive(Debug)]
pub enum Op {
    /// Start with what comes from now on.
    Identify {
        /// In place of the Authorization header.
        token: Option<String>,
    },
    /// Go on after a position.
    Resume {
        /// The last one that was stored.
        position: Position,
        /// The log that it belongs to.
        log_id: Option<LogId>,
        /// In place of the Authorization header.
        token: Option<String>,
    },
    /// Still there.
    Heartbeat,
    /// The caller types.
    Typing {
        /// Where.
        conversation: ConversationId,
    },
    /// The device is looked at or not.
    Focus {
        /// Looked at.
        visible: bool,
    },
    /// A command.
    Command(CommandOp),
}

/// A command, as over HTTP.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandOp {
    #[serde(rename = "op")]
    _op: serde::de::IgnoredAny,
    /// Comes back with the answer.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The command's name.
    pub name: String,
    /// As the header of that name.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// A JSON object: the HTTP body with the path parameters by name.
    pub body: Box<RawValue>,
}

/// The text is no frame of a client.
#[derive(Debug, thiserror::Error)]
#[error("not a valid frame")]
pub struct BadFrame;

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentifyOp {
    #[serde(rename = "op")]
    _op: serde::de::IgnoredAny,
    #[serde(default)]
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeOp {
    #[serde(rename = "op")]
    _op: serde::de::IgnoredAny,
    position: String,
    #[serde(default)]
    log_id: Option<String>,
    #[serde(default)]
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareOp {
    #[serde(rename = "op")]
    _op: serde::de::IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypingOp {
    #[serde(rename = "op")]
    _op: serde::de::IgnoredAny,
    conversation_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FocusOp {
    #[serde(rename = "op")]
    _op: serde::de::IgnoredAny,
    visible: bool,
}

impl Op {
    /// Reads a frame. Strict: an unknown op, an unknown field or a bad id is no frame.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let named: Named<'_> = read(text)?;
        match named.op.as_ref() {
            "identify" => read::<IdentifyOp>(text).map(|op| Op::Identify { token: op.token }),
            "resume" => {
                let op: ResumeOp = read(text)?;
                let position = op.position.parse().map_err(|_| BadFrame)?;
                let log_id = op.log_id.map(|id| id.parse()).transpose().map_err(|_| BadFrame)?;
                Ok(Op::Resume { position, log_id, token: op.token })
            }
            "heartbeat" => read::<BareOp>(text).map(|_| Op::Heartbeat),
            "typing" => {
                let op: TypingOp = read(text)?;
                op.conversation_id.parse().map(|conversation| Op::Typing { conversation }).map_err(|_| BadFrame)
            }
            "focus" => read::<FocusOp>(text).map(|op| Op::Focus { visible: op.visible }),
            "command" => {
                let op: CommandOp = read(text)?;
                let fits = (1..=REF_MAX_BYTES).contains(&op.reference.len()) && op.body.get().starts_with('{');
                if fits { Ok(Op::Command(op)) } else { Err(BadFrame) }
            }
            _ => Err(BadFrame),
        }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, BadFrame> {
    serde_json::from_str(text).map_err(|_| BadFrame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_op_is_read() {
        assert!(matches!(Op::parse(r#"{"op":"identify"}"#), Ok(Op::Identify { token: None })));
        assert!(matches!(Op::parse(r#"{"op":"identify","token":"t"}"#), Ok(Op::Identify { token: Some(_) })));
        let resume = r#"{"op":"resume","position":"17","log_id":"00000000-0000-0000-0000-000000000001"}"#;
        assert!(matches!(Op::parse(resume), Ok(Op::Resume { position: Position(17), log_id: Some(_), token: None })));
        assert!(matches!(Op::parse(r#"{"op":"heartbeat"}"#), Ok(Op::Heartbeat)));
        assert!(matches!(Op::parse(r#"{"op":"focus","visible":true}"#), Ok(Op::Focus { visible: true })));
        let typing = r#"{"op":"typing","conversation_id":"00000000-0000-0000-0000-000000000001"}"#;
        assert!(matches!(Op::parse(typing), Ok(Op::Typing { .. })));
        let command = r#"{"op":"command","ref":"1","name":"SendMessage","body":{"id":"x","text":"hi"}}"#;
        let Ok(Op::Command(command)) = Op::parse(command) else { panic!("a command") };
        assert_eq!(command.body.get(), r#"{"id":"x","text":"hi"}"#);
    }

    #[test]
    fn anything_else_is_no_frame() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"op":1}"#,
            r#"{"op":"nothing"}"#,
            r#"{"op":"heartbeat","more":1}"#,
            r#"{"op":"identify","token":7}"#,
            r#"{"op":"resume"}"#,
            r#"{"op":"resume","position":17}"#,
            r#"{"op":"resume","position":"-1"}"#,
            r#"{"op":"resume","position":"1","log_id":"x"}"#,
            r#"{"op":"typing","conversation_id":"x"}"#,
            r#"{"op":"focus"}"#,
            r#"{"op":"command","name":"SendMessage"}"#,
            r#"{"op":"command","ref":"","name":"SendMessage","body":{}}"#,
            r#"{"op":"command","ref":"1","name":"SendMessage"}"#,
            r#"{"op":"command","ref":"1","name":"SendMessage","body":[]}"#,
            r#"{"op":"heartbeat"} {"op":"heartbeat"}"#,
        ] {
            assert!(Op::parse(bad).is_err(), "{bad}");
        }
    }
}
