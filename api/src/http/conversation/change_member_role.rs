//! `PUT /v1/conversations/{id}/members/{account_id}`: a member has another role, or the owner hands over.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::conversation::member_as_made::as_made;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Member;
use commands::conversation::change_member_role;
use commands::execute::Done;
use domain::conversation::values::MemberRole;
use domain::stream::StreamName;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role from now on.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeMemberRoleBody)]
pub struct Body {
    /// `member`, `admin` or `owner`.
    #[schema(example = "member")]
    role: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ChangeMemberRole>(Method::Put, "/v1/conversations/{id}/members/{account_id}")
        .summary("Gives a member of a group another role.")
        .description(
            "One manages only roles below one's own. An owner who makes somebody else the owner hands over, and is an \
             admin from then on.",
        )
        .answers::<Member>(200, "The member.")
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::OwnerMustHandOver,
            Code::DirectMembersFixed,
            Code::ConversationClosed,
            Code::PreconditionFailed,
        ])
}

/// The command at the edge.
pub struct ChangeMemberRole;

impl Endpoint for ChangeMemberRole {
    const NAME: &'static str = "ChangeMemberRole";
    const PATH: &'static [&'static str] = &["id", "account_id"];
    type Body = Body;
    type Command = change_member_role::ChangeMemberRole;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<change_member_role::ChangeMemberRole, Problem> {
        let bad = || Problem::field("/role", "BAD_FORMAT", "must be owner, admin or member");
        let role = MemberRole::parse(&body.role).ok_or_else(bad)?;
        let (conversation, account) = (path.id("id")?, path.id("account_id")?);
        Ok(change_member_role::ChangeMemberRole { conversation, account, role })
    }

    async fn respond(app: &App, _caller: &Caller, path: &Path, _body: Body, done: &Done) -> Result<Answer, Problem> {
        let stream = StreamName::conversation(path.id("id")?);
        Answer::json(StatusCode::OK, &as_made(app, &stream, path.id("account_id")?, done).await?, done)
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::conversation)
    }
}
