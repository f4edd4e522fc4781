//! `POST` and `DELETE /v1/conversations/{id}/pins/{seq}`: a message is kept in view, or no more.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::{Path, not_found};
use crate::problem::{Code, Problem};
use commands::conversation::pin_message;
use commands::execute::Done;
use domain::ids::{MessageId, parse_seq};

/// The route that pins.
pub fn route() -> Route {
    Route::command::<PinMessage>(Method::Post, "/v1/conversations/{id}/pins/{seq}")
        .summary("Pins a message: a group's admins, both in a direct conversation.")
        .description("A conversation has at most 50 pins. A message that is deleted loses its pin.")
        .answers_empty(204, "It is pinned.")
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::MessageDeleted,
            Code::PinLimitReached,
            Code::ConversationClosed,
        ])
}

/// The route that takes a pin out again.
pub fn route_back() -> Route {
    Route::command::<UnpinMessage>(Method::Delete, "/v1/conversations/{id}/pins/{seq}")
        .summary("Takes a pin out again: a group's admins, both in a direct conversation.")
        .answers_empty(204, "It is not pinned.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::ConversationClosed])
}

/// The command at the edge.
pub struct PinMessage;

/// The command at the edge.
pub struct UnpinMessage;

impl Endpoint for PinMessage {
    const NAME: &'static str = "PinMessage";
    const PATH: &'static [&'static str] = &["id", "seq"];
    type Body = NoBody;
    type Command = pin_message::PinMessage;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<pin_message::PinMessage, Problem> {
        Ok(pin_message::PinMessage { message: message(path)? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}

impl Endpoint for UnpinMessage {
    const NAME: &'static str = "UnpinMessage";
    const PATH: &'static [&'static str] = &["id", "seq"];
    type Body = NoBody;
    type Command = pin_message::UnpinMessage;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<pin_message::UnpinMessage, Problem> {
        Ok(pin_message::UnpinMessage { message: message(path)? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}

fn message(path: &Path) -> Result<MessageId, Problem> {
    let seq = parse_seq(path.text("seq")?).map_err(|_| not_found())?;
    Ok(MessageId { conversation: path.id("id")?, seq })
}
