//! The running system's clock: the only place that asks the machine for the time of day.

use domain::clock::{Clock, Time};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's time of day.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes as an argument")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}
