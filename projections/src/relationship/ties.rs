//! What a batch does to follows, to close friends and to who is kept away.

use crate::database::bulk::Bulk;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::projection::ApplyFault;
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, Position};
use domain::recorded::Recorded;
use std::collections::BTreeMap;

static FOLLOW: Bulk = Bulk::new(
    "INSERT INTO follows (follower, author, since, position)",
    4,
    "ON CONFLICT (follower, author) DO UPDATE SET since = excluded.since, position = excluded.position",
);
static UNFOLLOW: Bulk = Bulk::new(
    "WITH v (follower, author) AS (",
    2,
    ") DELETE FROM follows WHERE (follower, author) IN (SELECT v.follower, v.author FROM v)",
);
static COUNT: Bulk = Bulk::new(
    "INSERT INTO circles (account, followers, following)",
    3,
    "ON CONFLICT (account) DO UPDATE SET followers = circles.followers + excluded.followers, \
     following = circles.following + excluded.following",
);
static BEFRIEND: Bulk = Bulk::new(
    "INSERT INTO close_friends (owner, friend, since, position)",
    4,
    "ON CONFLICT (owner, friend) DO UPDATE SET since = excluded.since, position = excluded.position",
);
static UNFRIEND: Bulk = Bulk::new(
    "WITH v (owner, friend) AS (",
    2,
    ") DELETE FROM close_friends WHERE (owner, friend) IN (SELECT v.owner, v.friend FROM v)",
);

static BLOCK: Bulk = Bulk::new(
    "INSERT INTO blocks (owner, account, since, position)",
    4,
    "ON CONFLICT (owner, account) DO UPDATE SET since = excluded.since, position = excluded.position",
);
static UNBLOCK: Bulk = Bulk::new(
    "WITH v (owner, account) AS (",
    2,
    ") DELETE FROM blocks WHERE (owner, account) IN (SELECT v.owner, v.account FROM v)",
);
static MUTE: Bulk = Bulk::new(
    "INSERT INTO story_mutes (owner, account, since, position)",
    4,
    "ON CONFLICT (owner, account) DO UPDATE SET since = excluded.since, position = excluded.position",
);
static UNMUTE: Bulk = Bulk::new(
    "WITH v (owner, account) AS (",
    2,
    ") DELETE FROM story_mutes WHERE (owner, account) IN (SELECT v.owner, v.account FROM v)",
);
static HIDE: Bulk = Bulk::new(
    "INSERT INTO story_hides (owner, account, since, position)",
    4,
    "ON CONFLICT (owner, account) DO UPDATE SET since = excluded.since, position = excluded.position",
);
static SHOW: Bulk = Bulk::new(
    "WITH v (owner, account) AS (",
    2,
    ") DELETE FROM story_hides WHERE (owner, account) IN (SELECT v.owner, v.account FROM v)",
);

/// Since when something is so; none when it is no longer.
type Since = Option<(Time, Position)>;

/// What a batch leaves of follows and close friends. A stream alternates: nobody follows twice without an end between.
#[derive(Default)]
pub(crate) struct Ties {
    follows: BTreeMap<(AccountId, AccountId), Since>,
    friends: BTreeMap<(AccountId, AccountId), Since>,
    blocks: BTreeMap<(AccountId, AccountId), Since>,
    mutes: BTreeMap<(AccountId, AccountId), Since>,
    hides: BTreeMap<(AccountId, AccountId), Since>,
    /// By how many followers and followed accounts somebody has more. A row stands even for nothing, so that rows do not
    /// depend on how the log is cut.
    more: BTreeMap<AccountId, (i64, i64)>,
}

impl Ties {
    /// Takes over an event, if it is one of these.
    pub(crate) fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        let (at, position) = (recorded.occurred_at, recorded.position);
        let unfit = ApplyFault::Unfit(position, "its stream is no account's relationships");
        let owner = recorded.stream.relationship_id();
        match &recorded.event {
            Event::AccountFollowed(e) => {
                let follower = owner.ok_or(unfit)?;
                self.follows.insert((follower, e.account), Some((at, position)));
                self.count(follower, e.account, 1);
            }
            Event::AccountUnfollowed(e) => {
                let follower = owner.ok_or(unfit)?;
                self.follows.insert((follower, e.account), None);
                self.count(follower, e.account, -1);
            }
            Event::CloseFriendAdded(e) => {
                self.friends.insert((owner.ok_or(unfit)?, e.account), Some((at, position)));
            }
            Event::CloseFriendRemoved(e) => {
                self.friends.insert((owner.ok_or(unfit)?, e.account), None);
            }
            Event::AccountBlocked(e) => {
                self.blocks.insert((owner.ok_or(unfit)?, e.account), Some((at, position)));
            }
            Event::AccountUnblocked(e) => {
                self.blocks.insert((owner.ok_or(unfit)?, e.account), None);
            }
            Event::StoriesMuted(e) => {
                self.mutes.insert((owner.ok_or(unfit)?, e.account), Some((at, position)));
            }
            Event::StoriesUnmuted(e) => {
                self.mutes.insert((owner.ok_or(unfit)?, e.account), None);
            }
            Event::StoriesHidden(e) => {
                self.hides.insert((owner.ok_or(unfit)?, e.account), Some((at, position)));
            }
            Event::StoriesShown(e) => {
                self.hides.insert((owner.ok_or(unfit)?, e.account), None);
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, follower: AccountId, author: AccountId, by: i64) {
        self.more.entry(follower).or_default().1 += by;
        self.more.entry(author).or_default().0 += by;
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { follows, friends, blocks, mutes, hides, more: _ } = self;
        let is_near = follows.is_empty() && friends.is_empty();
        is_near && blocks.is_empty() && mutes.is_empty() && hides.is_empty()
    }

    /// Writes them.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        write(tx, self.follows, &FOLLOW, &UNFOLLOW).await?;
        write(tx, self.friends, &BEFRIEND, &UNFRIEND).await?;
        write(tx, self.blocks, &BLOCK, &UNBLOCK).await?;
        write(tx, self.mutes, &MUTE, &UNMUTE).await?;
        write(tx, self.hides, &HIDE, &SHOW).await?;
        let counts = self.more.into_iter();
        let counts = counts.flat_map(|(account, (followers, following))| {
            [account.into(), Value::from(followers), Value::from(following)]
        });
        COUNT.execute(tx, counts.collect()).await?;
        Ok(())
    }
}

async fn write(
    tx: &mut Tx,
    pairs: BTreeMap<(AccountId, AccountId), Since>,
    put: &Bulk,
    remove: &Bulk,
) -> Result<(), sqlx::Error> {
    let (mut there, mut gone): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for ((one, other), since) in pairs {
        match since {
            Some((at, position)) => there.extend([one.into(), other.into(), at.into(), position.into()]),
            None => gone.extend([one.into(), other.into()]),
        }
    }
    put.execute(tx, there).await?;
    remove.execute(tx, gone).await?;
    Ok(())
}
