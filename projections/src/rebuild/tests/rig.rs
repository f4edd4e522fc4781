//! Asking for a rebuild, and what is known of copies afterwards.

use crate::account::accounts::Accounts;
use crate::conversation::message_counts::MessageCounts;
use crate::conversation::messaging::apply::Messaging;
use crate::copies::{Copies, CopyId, Entry, Standing};
use crate::database::open::{Purpose, Wanted, open};
use crate::feed::feed_index::FeedIndex;
use crate::projection::{ACCOUNTS, ALL, FEED_INDEX, MESSAGE_COUNTS, MESSAGING, Projection, STORIES};
use crate::projections::Options;
use crate::rebuild::{Progressed, RebuildFault, Rebuilt};
use crate::story::stories::Stories;
use crate::testing::world::{Place, World};
use crate::wait::State;
use std::time::Duration;
use tokio::sync::watch;

pub const MOMENT: Duration = Duration::from_secs(20);

pub fn quick() -> Options {
    Options { retire_after: Duration::from_millis(50), fill_events: 64, read_connections: 2, ..Options::default() }
}

pub async fn rebuild(world: &World, names: &[&str], is_forced: bool) -> Result<Vec<Rebuilt>, RebuildFault> {
    let progress = watch::Sender::new(Progressed::default());
    world.projections.rebuild(names, world.source.clone(), is_forced, &progress).await
}

pub async fn known(place: &Place) -> Vec<Entry> {
    let copies = Copies::open(&place.url).await.unwrap();
    let all = copies.all().await.unwrap();
    copies.close().await;
    all
}

pub async fn eventually_known(place: &Place, wanted: &[(&str, i64, i64, Standing)]) {
    let is_wanted = async {
        loop {
            let all = known(place).await;
            let found: Vec<_> = all.iter().map(|e| (e.name.as_str(), e.version, e.number, e.standing)).collect();
            if found == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(MOMENT, is_wanted).await.expect("only the wanted copies are left");
}

pub fn version(name: &str) -> u32 {
    match name {
        ACCOUNTS => Accounts::VERSION,
        FEED_INDEX => FeedIndex::VERSION,
        MESSAGE_COUNTS => MessageCounts::VERSION,
        MESSAGING => Messaging::VERSION,
        STORIES => Stories::VERSION,
        _ => 1,
    }
}

pub fn live_ones(number: i64) -> Vec<(&'static str, i64, i64, Standing)> {
    let mut all: Vec<_> = ALL.into_iter().map(|name| (name, version(name).into(), number, Standing::Live)).collect();
    all.sort_unstable_by_key(|(name, ..)| *name);
    all
}

pub async fn execute(place: &Place, copy: CopyId, sql: &'static str) {
    let database = open(&place.url, &Wanted::copy(copy, Messaging::CHANGES, 1, Purpose::Serving)).await.unwrap();
    let mut tx = database.begin_write().await.unwrap();
    assert!(tx.execute(sql, []).await.unwrap() > 0, "{sql}");
    tx.commit().await.unwrap();
    database.close().await;
}

pub fn status(world: &World, name: &str) -> State {
    world.projections.status().into_iter().find(|status| status.name == name).unwrap().state
}
