//! `POST /v1/conversations/{id}/members`: an admin brings somebody into a group.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::conversation::crowding;
use crate::http::conversation::member_as_made::as_made;
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
use domain::stream::StreamName;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
        Answer::json(StatusCode::OK, &as_made(app, &stream, account(&body)?, done).await?, done)
    }
}

fn account(body: &Body) -> Result<AccountId, Problem> {
    let bad = |_| Problem::field("/account_id", "BAD_FORMAT", "must be the id of an account");
    body.account_id.parse().map_err(bad)
}
