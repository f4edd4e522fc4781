//! `DELETE /v1/me/devices/{device_id}/key`: a device has no key any more.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::Problem;
use commands::account::remove_device_key;
use commands::execute::Done;

/// The route.
pub fn route() -> Route {
    Route::command::<RemoveDeviceKey>(Method::Delete, "/v1/me/devices/{device_id}/key")
        .summary("Removes the key of one of the caller's devices: nothing more is sent with it.")
        .answers_empty(204, "The device has no key.")
}

/// The command at the edge.
pub struct RemoveDeviceKey;

impl Endpoint for RemoveDeviceKey {
    const NAME: &'static str = "RemoveDeviceKey";
    const PATH: &'static [&'static str] = &["device_id"];
    type Body = NoBody;
    type Command = remove_device_key::RemoveDeviceKey;

    fn command(_: &Caller, path: &Path, _: &NoBody) -> Result<remove_device_key::RemoveDeviceKey, Problem> {
        Ok(remove_device_key::RemoveDeviceKey { device: path.id("device_id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
