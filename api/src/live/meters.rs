//! What is measured of the feed, with the names and units that `/metrics` shows.

use crate::live::close::Close;
use metrics::{Counter, Gauge, counter, gauge};

/// The feed's metrics, looked up once.
pub struct Meters {
    /// `feed_sockets`: sockets and streams that are open and joined the tail.
    pub sockets: Gauge,
    /// `feed_queue_bytes`: bytes that wait because readers are slower than what comes.
    pub queue_bytes: Gauge,
    /// `feed_frames_total`: frames handed to sockets, once for each.
    pub frames: Counter,
    /// `feed_ephemerals_dropped_total`: ephemeral frames that a full queue did not take or gave up, and people of whom too
    /// many waited to be told.
    pub ephemerals_dropped: Counter,
    /// `feed_lags_total`: times that a socket's queue was full, so that it reads what follows from the log.
    pub lags: Counter,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            sockets: gauge!("feed_sockets"),
            queue_bytes: gauge!("feed_queue_bytes"),
            frames: counter!("feed_frames_total"),
            ephemerals_dropped: counter!("feed_ephemerals_dropped_total"),
            lags: counter!("feed_lags_total"),
        }
    }
}

/// Counts the end of a socket or stream in `feed_closes_total`: by us, or by a client that went.
pub fn count_end(close: Option<Close>) {
    let code = close.map_or_else(|| "gone".to_owned(), |close| close.code().to_string());
    counter!("feed_closes_total", "code" => code).increment(1);
}
