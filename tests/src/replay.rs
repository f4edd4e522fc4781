//! A replay of a running server's log.

use crate::world::World;
use domain::source::EventSource;
use projections::database::url::DatabaseUrl;
use projections::projection;
use projections::projections::Projections;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The same log, read from its start into a database of its own: every projection comes to the same rows.
///
/// # Panics
/// When one does not.
pub async fn assert_replays(world: &World) {
    let directory = tempfile::tempdir().expect("a directory");
    let url = DatabaseUrl::Sqlite { directory: directory.path().join("replayed") };
    let app = world.app();
    let replayed = Projections::open(&url, app.log_id, app.words.clone()).await.expect("a replay");
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let source: Arc<dyn EventSource> = app.log.clone();
    replayed.run(source, &Handle::current(), &tracker, stop.clone());
    let head = app.log.head();
    for name in projection::ALL {
        for projections in [&replayed, &app.projections] {
            projections.wait(name, head, Duration::from_secs(20)).await.expect("caught up");
        }
        let (live, again) = (app.projections.state_hash(name).await, replayed.state_hash(name).await);
        assert_eq!(live.expect("a hash"), again.expect("a hash"), "{name}");
    }
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    replayed.close().await;
}
