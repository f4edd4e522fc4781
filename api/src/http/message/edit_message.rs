//! `PUT /v1/messages/{id}`: an author gives a message another text.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::message::Message;
use commands::execute::Done;
use commands::message::edit_message;
use domain::ids::MessageId;
use domain::limits::WAIT_DEFAULT_MILLISECONDS;
use domain::stream::StreamName;
use domain::values::MessageText;
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
    /// The text.
    #[schema(min_length = 1, max_length = 10_000)]
    text: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<EditMessage>(Method::Put, "/v1/messages/{id}")
        .summary("Edits a message: its author, within 15 minutes.")
        .answers::<Message>(200, "The message.")
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::EditWindowClosed,
            Code::MessageDeleted,
            Code::CiphertextRequired,
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
        let text = MessageText::parse(&body.text).map_err(|invalid| Problem::invalid("/text", invalid))?;
        Ok(edit_message::EditMessage { message: path.id("id")?, text })
    }

    async fn respond(app: &App, caller: &Caller, path: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        let view = known(app, caller, path.id("id")?, done).await?;
        let mut revision = view.revision;
        let mut message = Message::from(view);
        // What the read model may not know yet.
        if let Some(edited) = done.events.first() {
            message.text = Some(body.text);
            message.edited_at = Some(edited.occurred_at);
            revision = revision.max(Some(edited.revision));
        }
        let answer = Answer::json(StatusCode::OK, &message, done)?;
        Ok(Answer { etag: Some(etag(revision)), ..answer })
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::message)
    }
}

/// The message as the read model knows it; of one that was sent a moment ago it may have to hear first.
async fn known(app: &App, caller: &Caller, id: MessageId, done: &Done) -> Result<MessageView, Problem> {
    let messaging = app.projections.messaging();
    if let Some(view) = messaging.message(caller.account, id).await?.value {
        return Ok(view);
    }
    app.projections.wait(MESSAGING, done.position, Duration::from_millis(WAIT_DEFAULT_MILLISECONDS)).await?;
    let view = messaging.message(caller.account, id).await?.value;
    view.ok_or_else(|| Problem::new(Code::NotFound))
}
