//! `PUT /v1/conversations/{id}/settings`: a member mutes a conversation, keeps it at the top, puts it away.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::body::sent;
use crate::http::command::Endpoint;
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::conversation::ConversationSettings;
use commands::conversation::change_membership;
use commands::execute::Done;
use domain::clock::Time;
use domain::conversation::values::{MembershipSettings, Notify};
use domain::event::Event;
use domain::ids::ConversationId;
use domain::state::State;
use domain::stream::StreamName;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What changes. What is not sent stays.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeMembershipBody)]
pub struct Body {
    /// Whether one wants no notifications.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    muted: Option<bool>,
    /// Until when it is muted; null for a mute without an end. A time alone mutes, too.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2100-01-31T12:00:00.000Z")]
    mute_until: Option<Option<String>>,
    /// Whether one keeps it at the top.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pinned: Option<bool>,
    /// Whether one has put it away.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    archived: Option<bool>,
    /// `all`, `mentions` or `none`.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "all")]
    notify: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ChangeMembership>(Method::Put, "/v1/conversations/{id}/settings")
        .summary("Changes how the caller keeps a conversation. Nobody else is told.")
        .description("A mute with an end is over by itself. Settings outlast leaving and joining again.")
        .answers::<ConversationSettings>(200, "The settings.")
        .refuses(&[Code::NotFound, Code::PreconditionFailed])
}

/// The command at the edge.
pub struct ChangeMembership;

impl Endpoint for ChangeMembership {
    const NAME: &'static str = "ChangeMembership";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = change_membership::ChangeMembership;

    fn command(_: &Caller, path: &Path, body: &Body) -> Result<change_membership::ChangeMembership, Problem> {
        let bad = || Problem::field("/mute_until", "BAD_FORMAT", "must be a time such as 2026-01-31T12:00:00Z");
        let time = |text: &Option<String>| match text.as_deref() {
            Some(text) => Time::parse(text).ok_or_else(bad).map(Some),
            None => Ok(None),
        };
        let mute_until = body.mute_until.as_ref().map(time).transpose()?;
        let bad = || Problem::field("/notify", "BAD_FORMAT", "must be all, mentions or none");
        let notify = body.notify.as_deref().map(|text| Notify::parse(text).ok_or_else(bad)).transpose()?;
        let (conversation, muted) = (path.id("id")?, body.muted);
        let (pinned, archived) = (body.pinned, body.archived);
        Ok(change_membership::ChangeMembership { conversation, muted, mute_until, pinned, archived, notify })
    }

    async fn respond(app: &App, _: &Caller, path: &Path, _body: Body, done: &Done) -> Result<Answer, Problem> {
        let conversation: ConversationId = path.id("id")?;
        let (revision, settings) = settings(done)?;
        let shown = ConversationSettings::at(conversation, settings, app.clock.now());
        Ok(Answer { etag: Some(etag(revision)), ..Answer::json(StatusCode::OK, &shown, done)? })
    }

    fn resource(caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(|id| StreamName::membership(id, caller.account))
    }
}

/// As this left them, and at which revision: somebody may have changed them again at the same moment.
fn settings(done: &Done) -> Result<(Option<u64>, MembershipSettings), Problem> {
    if let Some(recorded) = done.events.first()
        && let Event::MembershipChanged(changed) = &recorded.event
    {
        return Ok((Some(recorded.revision), changed.settings));
    }
    if let Some(standing) = &done.standing
        && let State::Membership(membership) = &*standing.state
    {
        return Ok((standing.revision, membership.settings));
    }
    Err(Problem::internal(&"a membership was changed without an event"))
}
