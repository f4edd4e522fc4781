//! `PUT /v1/conversations/{id}`: a group is called otherwise.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::body::sent;
use crate::http::command::Endpoint;
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Conversation;
use commands::conversation::change_conversation;
use commands::execute::Done;
use domain::conversation::state::Conversation as ConversationState;
use domain::event::Event;
use domain::ids::ConversationId;
use domain::limits::WAIT_DEFAULT_MILLISECONDS;
use domain::proto::conversation::v1::ConversationWords;
use domain::state::State;
use domain::stream::StreamName;
use domain::values::{ConversationDescription, ConversationName};
use domain::words::{Field, open_one};
use http::StatusCode;
use projections::conversation::messaging::views::ConversationView;
use projections::projection::MESSAGING;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// What changes. What is not sent stays.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeConversationBody)]
pub struct Body {
    /// Its name.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What it is about; null for nothing.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ChangeConversation>(Method::Put, "/v1/conversations/{id}")
        .summary("Changes a group's name, description, or both: its admins.")
        .answers::<Conversation>(200, "The conversation.")
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::GroupOnly,
            Code::ConversationClosed,
            Code::PreconditionFailed,
        ])
}

/// The command at the edge.
pub struct ChangeConversation;

impl Endpoint for ChangeConversation {
    const NAME: &'static str = "ChangeConversation";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = change_conversation::ChangeConversation;

    fn command(_: &Caller, path: &Path, body: &Body) -> Result<change_conversation::ChangeConversation, Problem> {
        let name = body.name.as_deref().map(ConversationName::parse).transpose();
        let name = name.map_err(|invalid| Problem::invalid("/name", invalid))?;
        let parse = |text: &Option<String>| text.as_deref().map(ConversationDescription::parse).transpose();
        let description = body.description.as_ref().map(parse).transpose();
        let description = description.map_err(|invalid| Problem::invalid("/description", invalid))?;
        Ok(change_conversation::ChangeConversation { conversation: path.id("id")?, name, description })
    }

    async fn respond(app: &App, caller: &Caller, path: &Path, _body: Body, done: &Done) -> Result<Answer, Problem> {
        let view = known(app, caller, path.id("id")?, done).await?;
        let mut revision = Some(view.revision);
        let mut conversation = Conversation::of(view, app.clock.now());
        if let Some((made, words)) = left(done) {
            let words = open_one(&*app.words, words).await?.present();
            conversation.shared.name = words.as_ref().map(|words| words.name.clone());
            conversation.shared.description = words.and_then(|words| words.description);
            revision = made;
        }
        let answer = Answer::json(StatusCode::OK, &conversation, done)?;
        Ok(Answer { etag: Some(etag(revision)), ..answer })
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::conversation)
    }
}

/// The conversation as the read model knows it, with everything that happened before this change.
async fn known(app: &App, caller: &Caller, id: ConversationId, done: &Done) -> Result<ConversationView, Problem> {
    let messaging = app.projections.messaging();
    if let Some(changed) = done.events.first()
        && let Some(view) = messaging.conversation(caller.account, id).await?.value
        && view.revision + 1 >= changed.revision
    {
        return Ok(view);
    }
    app.projections.wait(MESSAGING, done.position, Duration::from_millis(WAIT_DEFAULT_MILLISECONDS)).await?;
    let view = messaging.conversation(caller.account, id).await?.value;
    view.ok_or_else(|| Problem::new(Code::NotFound))
}

/// What this left, and at which revision: the read model may not know it yet, and somebody may have changed it again at the same
/// moment.
fn left(done: &Done) -> Option<(Option<u64>, &Field<ConversationWords>)> {
    if let Some(recorded) = done.events.first()
        && let Event::ConversationChanged(changed) = &recorded.event
    {
        return Some((Some(recorded.revision), &changed.words));
    }
    let standing = done.standing.as_ref()?;
    match &*standing.state {
        State::Conversation(ConversationState::Open { words: Some(words), .. }) => Some((standing.revision, words)),
        _ => None,
    }
}
