//! `PUT /v1/me`: a person calls themselves otherwise, or says something else of themselves.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::body::sent;
use crate::http::command::Endpoint;
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::path::{Path, not_found};
use crate::problem::{Code, Problem};
use crate::wire::account::Account;
use commands::account::change_profile;
use commands::execute::Done;
use domain::account::state::Account as AccountState;
use domain::event::Event;
use domain::limits::WAIT_MAX_MILLISECONDS;
use domain::proto::account::v1::ProfileWords;
use domain::state::State;
use domain::stream::StreamName;
use domain::values::{Bio, DisplayName};
use domain::words::{WordsFault, open_one};
use http::StatusCode;
use projections::projection::ACCOUNTS;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// What changes. What is not sent stays.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeProfileBody)]
pub struct Body {
    /// How the person wants to be called.
    #[schema(min_length = 1, max_length = 100)]
    display_name: Option<String>,
    /// What the person says of themselves; null takes it back.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    bio: Option<Option<String>>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ChangeProfile>(Method::Put, "/v1/me")
        .summary("Changes the caller's profile: what is sent of it.")
        .answers::<Account>(200, "The account as it is now.")
        .refuses(&[Code::PreconditionFailed, Code::ProjectionBehind])
}

/// The command at the edge.
pub struct ChangeProfile;

impl Endpoint for ChangeProfile {
    const NAME: &'static str = "ChangeProfile";
    const PATH: &'static [&'static str] = &[];
    type Body = Body;
    type Command = change_profile::ChangeProfile;

    fn command(caller: &Caller, _path: &Path, body: &Body) -> Result<change_profile::ChangeProfile, Problem> {
        let display_name = body.display_name.as_deref().map(DisplayName::parse).transpose();
        let bio = body.bio.as_ref().map(|bio| bio.as_deref().map(Bio::parse).transpose()).transpose();
        Ok(change_profile::ChangeProfile {
            account: caller.account,
            display_name: display_name.map_err(|invalid| Problem::invalid("/display_name", invalid))?,
            bio: bio.map_err(|invalid| Problem::invalid("/bio", invalid))?,
        })
    }

    async fn respond(app: &App, caller: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        app.projections.wait(ACCOUNTS, done.position, Duration::from_millis(WAIT_MAX_MILLISECONDS)).await?;
        let view = app.projections.accounts().get(caller.account).await?.value.ok_or_else(not_found)?;
        let mut revision = Some(view.revision);
        let mut account = Account::from(view);
        if let Some((made, profile)) = left(app, done).await? {
            (account.display_name, account.bio) = (Some(profile.display_name), profile.bio);
            revision = made;
        }
        Ok(Answer { etag: Some(etag(revision)), ..Answer::json(StatusCode::OK, &account, done)? })
    }

    fn resource(caller: &Caller, _path: &Path) -> Option<StreamName> {
        Some(StreamName::account(caller.account))
    }
}

/// What this left, and at which revision: somebody may have changed it again at the same moment. None of who is erased.
async fn left(app: &App, done: &Done) -> Result<Option<(Option<u64>, ProfileWords)>, WordsFault> {
    if let Some(recorded) = done.events.first()
        && let Event::ProfileChanged(changed) = &recorded.event
    {
        let profile = open_one(&*app.words, &changed.words).await?.present();
        return Ok(profile.map(|profile| (Some(recorded.revision), profile)));
    }
    let Some(standing) = &done.standing else { return Ok(None) };
    let State::Account(account) = &*standing.state else { return Ok(None) };
    let profile = match &**account {
        AccountState::Active { profile: Some(profile), .. } => open_one(&*app.words, profile).await?.present(),
        AccountState::Active { profile: None, words, .. } => {
            let words = open_one(&*app.words, words).await?.present();
            words.map(|words| ProfileWords { display_name: words.display_name, bio: None })
        }
        AccountState::Unknown | AccountState::Ending { .. } | AccountState::Erased => None,
    };
    Ok(profile.map(|profile| (standing.revision, profile)))
}
