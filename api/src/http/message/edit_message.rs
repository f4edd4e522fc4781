//! `PUT /v1/messages/{id}`: an author gives a message another text.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::headers::etag;
use crate::http::message::content::{self, Fields};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::message::{Message, Said};
use commands::command::Envelope;
use commands::execute::{Done, Failure};
use commands::message::edit_message;
use domain::event::Event;
use domain::ids::{AccountId, MessageId};
use domain::limits::{MENTION_ALL_MAX_MEMBERS, WAIT_DEFAULT_MILLISECONDS};
use domain::message::values::MessageContent;
use domain::stream::StreamName;
use http::StatusCode;
use projections::conversation::messaging::views::MessageView;
use projections::projection::MESSAGING;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// What the message says from now on.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EditMessageBody)]
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
    Route::command::<EditMessage>(Method::Put, "/v1/messages/{id}")
        .summary("Edits a message: its author, within 15 minutes.")
        .answers::<Message>(200, "The message.")
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::MessagingNotAllowed,
            Code::EditWindowClosed,
            Code::MessageDeleted,
            Code::CiphertextRequired,
            Code::TextRequired,
            Code::ConversationClosed,
            Code::PreconditionFailed,
        ])
}

/// The command at the edge.
pub struct EditMessage;

impl Endpoint for EditMessage {
    const NAME: &'static str = "EditMessage";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = edit_message::EditMessage;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<edit_message::EditMessage, Problem> {
        let (content, mentions) = body.content()?;
        let (message, all_max_members) = (path.id("id")?, MENTION_ALL_MAX_MEMBERS);
        Ok(edit_message::EditMessage { message, content, mentions, all_max_members })
    }

    async fn execute(app: &App, command: edit_message::EditMessage, envelope: Envelope) -> Result<Done, Failure> {
        let all_max_members = app.config.limits.mention_all_members;
        app.executor.execute(edit_message::EditMessage { all_max_members, ..command }, envelope).await
    }

    async fn respond(app: &App, caller: &Caller, path: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        let view = known(app, caller, path.id("id")?, done).await?;
        let mut revision = view.revision;
        let mut message = Message::from(view);
        // As this made it: the read model may not know it yet, and it may have been edited again at the same moment. One that
        // was deleted meanwhile is a tombstone, without a word.
        if let Some(edited) = done.events.first()
            && message.deleted_at.is_none()
        {
            if let Event::MessageEdited(event) = &edited.event {
                message.mentions = event.mentions.clone();
            }
            message.says(Said::of(&body.content()?.0));
            message.edited_at = Some(edited.occurred_at);
            revision = Some(edited.revision);
        }
        let answer = Answer::json(StatusCode::OK, &message, done)?;
        Ok(Answer { etag: Some(etag(revision)), ..answer })
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::message)
    }
}

/// The message as the read model knows it, with everything that happened to it before this edit; of one that was sent a moment
/// ago it may have to hear first. Where nothing was changed, it is as it is by then.
async fn known(app: &App, caller: &Caller, id: MessageId, done: &Done) -> Result<MessageView, Problem> {
    let messaging = app.projections.messaging();
    if let Some(edited) = done.events.first()
        && let Some(view) = messaging.message(caller.account, id).await?.value
        && view.revision.map_or(0, |revision| revision + 1) >= edited.revision
    {
        return Ok(view);
    }
    app.projections.wait(MESSAGING, done.position, Duration::from_millis(WAIT_DEFAULT_MILLISECONDS)).await?;
    let view = messaging.message(caller.account, id).await?.value;
    view.ok_or_else(|| Problem::new(Code::NotFound))
}
