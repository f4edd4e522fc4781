//! `PUT /v1/admin/accounts/{id}/role`: an account has another role from now on.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Access, Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::account::grant_role;
use commands::execute::Done;
use domain::account::values::Role;
use domain::values::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GrantRoleBody)]
pub struct Body {
    /// `user`, `moderator`, `analyst`, `auditor` or `admin`.
    #[schema(example = "moderator")]
    role: String,
    /// Why. Kept, sealed.
    #[schema(min_length = 1, max_length = 512)]
    reason: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<GrantRole>(Method::Put, "/v1/admin/accounts/{id}/role")
        .access(Access::Admins)
        .summary("Gives an account another role: administrators.")
        .description("It counts at once, everywhere. The last administrator stays one.")
        .answers_empty(204, "The account has the role.")
        .refuses(&[Code::RoleRequired, Code::LastAdmin])
}

/// The command at the edge.
pub struct GrantRole;

impl Endpoint for GrantRole {
    const NAME: &'static str = "GrantRole";
    const ROLES: &'static [Role] = &[Role::Admin];
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = grant_role::GrantRole;

    fn command(_: &Caller, path: &Path, body: &Body) -> Result<grant_role::GrantRole, Problem> {
        let unknown = "must be user, moderator, analyst, auditor or admin";
        let role = Role::parse(&body.role).ok_or_else(|| Problem::field("/role", "BAD_FORMAT", unknown))?;
        let reason = Reason::parse(&body.reason).map_err(|invalid| Problem::invalid("/reason", invalid))?;
        Ok(grant_role::GrantRole { account: path.id("id")?, role, reason: Some(reason) })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
