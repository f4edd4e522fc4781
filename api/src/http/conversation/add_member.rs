//! `POST /v1/conversations/{id}/members`: an admin brings somebody into a group.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::conversation::crowding;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Member;
use commands::command::Envelope;
use commands::conversation::add_member;
use commands::conversation::within_limit::WithinLimit;
use commands::execute::{Done, Failure};
use domain::conversation::values::MemberRole;
use domain::event::Event;
use domain::ids::AccountId;
use domain::recorded::Recorded;
use domain::source::{Direction, SourceFault};
use domain::state::State;
use domain::stream::StreamName;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Events that are read at once while one is looked for.
const PAGE_EVENTS: usize = 256;

/// Who joins as what.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddMemberBody)]
pub struct Body {
    /// Who.
    #[schema(format = Uuid)]
    account_id: String,
    /// `member` (the default) or `admin`; below one's own role.
    #[schema(example = "member")]
    role: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<AddMember>(Method::Post, "/v1/conversations/{id}/members")
        .summary("Adds somebody to a group.")
        .answers::<Member>(201, "The member.")
        .answers::<Member>(200, "The member, who was one already.")
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::GroupFull,
            Code::ConversationLimitReached,
            Code::DirectMembersFixed,
            Code::ConversationClosed,
        ])
}

/// The command at the edge.
pub struct AddMember;

impl Endpoint for AddMember {
    const NAME: &'static str = "AddMember";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = WithinLimit<add_member::AddMember>;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<Self::Command, Problem> {
        let bad_role = || Problem::field("/role", "BAD_FORMAT", "must be owner, admin or member");
        let role = body.role.as_deref();
        let role = role.map_or(Ok(MemberRole::Member), |role| MemberRole::parse(role).ok_or_else(bad_role))?;
        let account = account(body)?;
        Ok(WithinLimit::new(add_member::AddMember { conversation: path.id("id")?, account, role }, vec![account]))
    }

    async fn execute(app: &App, command: Self::Command, envelope: Envelope) -> Result<Done, Failure> {
        crowding::execute(app, command, envelope).await
    }

    async fn respond(app: &App, _caller: &Caller, path: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        if let Some(event) = done.events.first()
            && let Event::MemberJoined(joined) = &event.event
        {
            let member = Member { account_id: joined.account, role: joined.role, joined_at: event.occurred_at };
            return Answer::json(StatusCode::CREATED, &member, done);
        }
        let stream = StreamName::conversation(path.id("id")?);
        Answer::json(StatusCode::OK, &left(app, &stream, account(&body)?, done).await?, done)
    }
}

fn account(body: &Body) -> Result<AccountId, Problem> {
    let bad = |_| Problem::field("/account_id", "BAD_FORMAT", "must be the id of an account");
    body.account_id.parse().map_err(bad)
}

/// A member as a command left them: somebody else may have changed or removed them again at the same moment.
///
/// # Errors
/// When the log does not answer.
pub async fn left(app: &App, stream: &StreamName, account_id: AccountId, done: &Done) -> Result<Member, Problem> {
    let changed = done.events.iter().find_map(|recorded| match &recorded.event {
        Event::MemberRoleChanged(changed) if changed.account == account_id => Some((changed.role, recorded.revision)),
        _ => None,
    });
    let known = |state: &State| match state {
        State::Conversation(conversation) => conversation.member(account_id),
        _ => None,
    };
    let standing = done.standing.as_ref().and_then(|standing| known(&standing.state));
    let found = match (changed, standing) {
        (Some((role, revision)), _) => {
            let now = known(&*app.executor.current(stream).await?).filter(|member| member.joined_revision < revision);
            let joined = match now {
                Some(member) => event_at(app, stream, member.joined_revision).await?,
                None => joined_before(app, stream, account_id, revision).await?,
            };
            joined.map(|joined| (role, joined))
        }
        (None, Some(member)) => {
            event_at(app, stream, member.joined_revision).await?.map(|joined| (member.role, joined))
        }
        (None, None) => None,
    };
    let (role, joined) = found.ok_or_else(|| Problem::internal(&"a member never joined"))?;
    Ok(Member { account_id, role, joined_at: joined.occurred_at })
}

async fn event_at(app: &App, stream: &StreamName, revision: u64) -> Result<Option<Arc<Recorded>>, SourceFault> {
    let slice = app.log.read_stream(stream, revision, Direction::Forward, 1).await?;
    Ok(slice.events.into_iter().next())
}

/// With what somebody joined last before this revision, who has left since.
async fn joined_before(
    app: &App,
    stream: &StreamName,
    account: AccountId,
    revision: u64,
) -> Result<Option<Arc<Recorded>>, SourceFault> {
    let mut from = revision;
    loop {
        let events = app.log.read_stream(stream, from, Direction::Backward, PAGE_EVENTS).await?.events;
        let joined = |event: &&Arc<Recorded>| matches!(&event.event, Event::MemberJoined(e) if e.account == account);
        if let Some(found) = events.iter().find(joined) {
            return Ok(Some(found.clone()));
        }
        match events.last().and_then(|last| last.revision.checked_sub(1)) {
            Some(before) => from = before,
            None => return Ok(None),
        }
    }
}
