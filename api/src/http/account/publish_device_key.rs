//! `PUT /v1/me/devices/{device_id}/key`: a device has this key from now on.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::account::DeviceKey;
use crate::wire::opaque::decode;
use commands::account::publish_device_key;
use commands::execute::Done;
use domain::event::Event;
use domain::ids::{DeviceId, DeviceKeyId};
use domain::limits::{DEVICE_KEY_MAX_BYTES, WAIT_DEFAULT_MILLISECONDS};
use domain::values::{DeviceKeyAlgorithm, check_bytes};
use http::StatusCode;
use projections::projection::ACCOUNTS;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// The key.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PublishDeviceKeyBody)]
pub struct Body {
    /// What kind of key, by a name that clients agree on.
    #[schema(min_length = 1, max_length = 32, example = "x25519")]
    algorithm: String,
    /// The key, in base64: 1 to 4096 bytes, never looked into.
    #[schema(min_length = 4, max_length = 5464, example = "AAAA")]
    public_key: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<PublishDeviceKey>(Method::Put, "/v1/me/devices/{device_id}/key")
        .summary("Publishes the key of one of the caller's devices, in the place of the one that it had.")
        .description("The device's id is a UUID of the client's choice. The same key again changes nothing.")
        .answers::<DeviceKey>(200, "The key.")
        .refuses(&[Code::DeviceKeyLimitReached])
}

/// The command at the edge.
pub struct PublishDeviceKey;

impl Endpoint for PublishDeviceKey {
    const NAME: &'static str = "PublishDeviceKey";
    const PATH: &'static [&'static str] = &["device_id"];
    type Body = Body;
    type Command = publish_device_key::PublishDeviceKey;

    fn command(_: &Caller, path: &Path, body: &Body) -> Result<publish_device_key::PublishDeviceKey, Problem> {
        let device = path.id("device_id")?;
        let algorithm = DeviceKeyAlgorithm::parse(&body.algorithm);
        let algorithm = algorithm.map_err(|invalid| Problem::invalid("/algorithm", invalid))?;
        let public_key = decode(&body.public_key).and_then(|key| {
            check_bytes(&key, 1, DEVICE_KEY_MAX_BYTES)?;
            Ok(key)
        });
        let public_key = public_key.map_err(|invalid| Problem::invalid("/public_key", invalid))?;
        let key = DeviceKeyId::new(Uuid::now_v7());
        Ok(publish_device_key::PublishDeviceKey { device, key, algorithm, public_key })
    }

    async fn respond(app: &App, caller: &Caller, path: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        let device: DeviceId = path.id("device_id")?;
        if let Some(recorded) = done.events.first()
            && let Event::DeviceKeyPublished(published) = &recorded.event
        {
            let Body { algorithm, public_key } = body;
            let (key_id, published_at) = (published.key, recorded.occurred_at);
            let shown = DeviceKey { device_id: device, key_id, algorithm, public_key, published_at };
            return Answer::json(StatusCode::OK, &shown, done);
        }
        // It was published before; when and as what, the read model knows.
        let wait = Duration::from_millis(WAIT_DEFAULT_MILLISECONDS);
        app.projections.wait(ACCOUNTS, done.position, wait).await?;
        let keys = app.projections.accounts().device_keys(caller.account).await?.value;
        let known = keys.and_then(|keys| keys.items.into_iter().find(|key| key.device == device));
        let known = DeviceKey::from(known.ok_or_else(|| Problem::new(Code::NotFound))?);
        Answer::json(StatusCode::OK, &known, done)
    }
}
