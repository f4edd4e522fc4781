//! `POST /v1/conversations/{id}/messages`: somebody says something.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::rates::Limited;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::message::Message;
use commands::execute::Done;
use commands::message::send_message;
use domain::event::Event;
use domain::ids::MessageId;
use domain::recorded::Recorded;
use domain::values::{ClientRef, MessageText};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is said.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendMessageBody)]
pub struct Body {
    /// The text.
    #[schema(min_length = 1, max_length = 10_000)]
    text: String,
    /// The `seq` of the message that it answers.
    #[schema(minimum = 1)]
    reply_to: Option<u64>,
    /// The client's own reference.
    #[schema(min_length = 1, max_length = 64)]
    client_ref: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<SendMessage>(Method::Post, "/v1/conversations/{id}/messages")
        .summary("Sends a message.")
        .answers::<Message>(201, "The message.")
        .refuses(&[Code::NotFound, Code::CiphertextRequired])
}

/// The command at the edge.
pub struct SendMessage;

impl Endpoint for SendMessage {
    const NAME: &'static str = "SendMessage";
    const LIMITED: Limited = Limited::Send;
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = send_message::SendMessage;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<send_message::SendMessage, Problem> {
        let text = MessageText::parse(&body.text).map_err(|invalid| Problem::invalid("/text", invalid))?;
        let client_ref = body.client_ref.as_deref().map(ClientRef::parse).transpose();
        let client_ref = client_ref.map_err(|invalid| Problem::invalid("/client_ref", invalid))?;
        Ok(send_message::SendMessage { conversation: path.id("id")?, text, reply_to: body.reply_to, client_ref })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        let sent = done.events.first().and_then(|event| message(event, body));
        let message = sent.ok_or_else(|| Problem::internal(&"a message was sent without an event"))?;
        Answer::json(StatusCode::CREATED, &message, done)
    }
}

/// The message, from its event and, for its words, the request: a repeat has the same ones.
fn message(event: &Recorded, body: Body) -> Option<Message> {
    let Event::MessageSent(sent) = &event.event else { return None };
    let id = MessageId { conversation: event.stream.conversation_id()?, seq: event.revision + 1 };
    Some(Message {
        id,
        conversation_id: id.conversation,
        seq: id.seq,
        sender_id: sent.sender,
        text: Some(body.text),
        reply_to: sent.reply_to,
        reply_count: 0,
        mentions: Vec::new(),
        media: Vec::new(),
        client_ref: body.client_ref,
        sent_at: event.occurred_at,
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        position: event.position,
    })
}
