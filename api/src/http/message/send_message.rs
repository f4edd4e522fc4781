//! `POST /v1/conversations/{id}/messages`: somebody says something.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::rates::Limited;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::message::content::{self, Fields};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::message::Message;
use commands::command::Envelope;
use commands::execute::{Done, Failure};
use commands::message::send_message;
use domain::event::Event;
use domain::ids::{AccountId, MessageId};
use domain::limits::MENTION_ALL_MAX_MEMBERS;
use domain::message::values::MessageContent;
use domain::recorded::Recorded;
use domain::values::ClientRef;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is said.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendMessageBody)]
pub struct Body {
    /// The text, of 1 to 10,000 characters; required in `searchable` conversations and refused in others.
    #[schema(min_length = 1, max_length = 10_000)]
    text: Option<String>,
    /// In `strict_e2e` conversations: what the sender's device encrypted, in base64, at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 87_384)]
    ciphertext: Option<String>,
    /// What it was encrypted with beside the key, in base64, at most 64 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 88)]
    nonce: Option<String>,
    /// How it was encrypted, by a name that clients agree on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 32)]
    scheme: Option<String>,
    /// The published key of the sender's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_key_id: Option<String>,
    /// What each recipient's device needs, in a form of the clients' own, at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65_536)]
    recipients: Option<String>,
    /// Whom the ciphertext mentions: ids of members, at most 100. Whom a text mentions, its `@names` say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100)]
    mentions: Option<Vec<String>>,
    /// The `seq` of the message that it answers.
    #[schema(minimum = 1)]
    reply_to: Option<u64>,
    /// The client's own reference.
    #[schema(min_length = 1, max_length = 64)]
    client_ref: Option<String>,
}

impl Body {
    fn content(&self) -> Result<(MessageContent, Vec<AccountId>), Problem> {
        content::parse(Fields {
            text: self.text.as_deref(),
            ciphertext: self.ciphertext.as_deref(),
            nonce: self.nonce.as_deref(),
            scheme: self.scheme.as_deref(),
            sender_key_id: self.sender_key_id.as_deref(),
            recipients: self.recipients.as_deref(),
            mentions: self.mentions.as_deref(),
        })
    }
}

/// The route.
pub fn route() -> Route {
    Route::command::<SendMessage>(Method::Post, "/v1/conversations/{id}/messages")
        .summary("Sends a message.")
        .answers::<Message>(201, "The message.")
        .refuses(&[
            Code::NotFound,
            Code::MessagingNotAllowed,
            Code::CiphertextRequired,
            Code::TextRequired,
            Code::ConversationClosed,
        ])
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
        let (content, mentions) = body.content()?;
        let client_ref = body.client_ref.as_deref().map(ClientRef::parse).transpose();
        let client_ref = client_ref.map_err(|invalid| Problem::invalid("/client_ref", invalid))?;
        let (conversation, reply_to) = (path.id("id")?, body.reply_to);
        let all_max_members = MENTION_ALL_MAX_MEMBERS;
        Ok(send_message::SendMessage { conversation, content, mentions, reply_to, client_ref, all_max_members })
    }

    async fn execute(app: &App, command: send_message::SendMessage, envelope: Envelope) -> Result<Done, Failure> {
        let all_max_members = app.config.limits.mention_all_members;
        app.executor.execute(send_message::SendMessage { all_max_members, ..command }, envelope).await
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
        text: body.text,
        ciphertext: body.ciphertext,
        nonce: body.nonce,
        scheme: body.scheme,
        sender_key_id: body.sender_key_id,
        recipients: body.recipients,
        reply_to: sent.reply_to,
        reply_count: 0,
        mentions: sent.mentions.clone(),
        media: Vec::new(),
        client_ref: body.client_ref,
        sent_at: event.occurred_at,
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        position: event.position,
    })
}
