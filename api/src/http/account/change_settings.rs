//! `PUT /v1/me/settings`: somebody chooses what others are told of them, and where their day begins.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::body::sent;
use crate::http::command::Endpoint;
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::account::Settings;
use commands::account::change_settings;
use commands::execute::Done;
use domain::account::event::SettingsChanged;
use domain::account::state::{Account, Settings as StandingSettings};
use domain::account::values::TimeZone;
use domain::event::Event;
use domain::state::State;
use domain::stream::StreamName;
use domain::words::{Content, open_one};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What changes. What is not sent stays.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeSettingsBody)]
pub struct Body {
    /// Whether others see how far the person has read.
    read_receipts: Option<bool>,
    /// Whether others see that the person is there.
    presence: Option<bool>,
    /// Where the person's day begins, by an IANA name; null takes it back.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "Europe/Vienna")]
    time_zone: Option<Option<String>>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ChangeSettings>(Method::Put, "/v1/me/settings")
        .summary("Changes the caller's settings: those that are sent.")
        .answers::<Settings>(200, "The settings as they are now.")
        .refuses(&[Code::PreconditionFailed])
}

/// The command at the edge.
pub struct ChangeSettings;

impl Endpoint for ChangeSettings {
    const NAME: &'static str = "ChangeSettings";
    const PATH: &'static [&'static str] = &[];
    type Body = Body;
    type Command = change_settings::ChangeSettings;

    fn command(caller: &Caller, _path: &Path, body: &Body) -> Result<change_settings::ChangeSettings, Problem> {
        let zone = |text: &Option<String>| text.as_deref().map(TimeZone::parse).transpose();
        let time_zone = body.time_zone.as_ref().map(zone).transpose();
        Ok(change_settings::ChangeSettings {
            account: caller.account,
            read_receipts: body.read_receipts,
            presence: body.presence,
            time_zone: time_zone.map_err(|invalid| Problem::invalid("/time_zone", invalid))?,
        })
    }

    async fn respond(app: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        let (revision, settings) = settings(done)?;
        let words = match &settings.time_zone {
            Some(field) => open_one(&*app.words, field).await?,
            None => Content::Erased,
        };
        let time_zone = words.present().map(|words| words.time_zone);
        let shown = Settings { read_receipts: settings.read_receipts, presence: settings.presence, time_zone };
        Ok(Answer { etag: Some(etag(revision)), ..Answer::json(StatusCode::OK, &shown, done)? })
    }

    fn resource(caller: &Caller, _path: &Path) -> Option<StreamName> {
        Some(StreamName::account(caller.account))
    }
}

/// As this left them, and at which revision: somebody may have changed them again at the same moment.
fn settings(done: &Done) -> Result<(Option<u64>, SettingsChanged), Problem> {
    if let Some(recorded) = done.events.first()
        && let Event::SettingsChanged(changed) = &recorded.event
    {
        return Ok((Some(recorded.revision), changed.clone()));
    }
    if let Some(standing) = &done.standing
        && let State::Account(account) = &*standing.state
        && let Account::Active { settings, .. } = &**account
    {
        let StandingSettings { read_receipts, presence, time_zone } = settings.clone();
        return Ok((standing.revision, SettingsChanged { read_receipts, presence, time_zone }));
    }
    Err(Problem::internal(&"settings were changed without an event"))
}
