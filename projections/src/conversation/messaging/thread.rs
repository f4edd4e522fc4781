//! The replies to one message.

use super::parts::{MessagePart, counts, message_columns};
use super::timeline::visible;
use super::views::{MessagePage, Window};
use crate::database::row::Row;
use crate::database::tx::Tx;
use crate::reader::{Access, Opening, ReadFault};
use domain::ids::{AccountId, MessageId};

/// The first and the last of all replies up to `$3`.
const ENDS: &str = "SELECT MIN(seq), MAX(seq) FROM timeline WHERE conversation = $1 AND reply_to = $2 AND seq <= $3";

/// Where so many replies up to `$3` begin.
const BEGINNING: &str = "SELECT MIN(s.seq) FROM (SELECT seq FROM timeline \
    WHERE conversation = $1 AND reply_to = $2 AND seq <= $3 ORDER BY seq DESC LIMIT $4) s";

const UP_TO: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM timeline t WHERE t.conversation = $1 AND t.reply_to = $2 AND t.seq <= $3 ORDER BY t.seq DESC LIMIT $4"
);

const FROM: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM timeline t WHERE t.conversation = $1 AND t.reply_to = $2 AND t.seq >= $3 AND t.seq <= $4 \
      ORDER BY t.seq LIMIT $5"
);

/// The replies that somebody may read.
struct Replies {
    root: MessageId,
    /// The newest message of the conversation that they may read.
    head: u64,
    limit: u64,
}

impl Replies {
    /// Ascending, whichever way they were found.
    async fn rows(&self, tx: &mut Tx, window: Window) -> Result<Vec<Row>, ReadFault> {
        match window {
            Window::Newest => self.up_to(tx, self.head).await,
            Window::Before(seq) => self.up_to(tx, seq.saturating_sub(1).min(self.head)).await,
            Window::After(seq) => self.from(tx, seq.min(self.head) + 1).await,
            Window::Around(seq) => {
                let first = self.half_before(tx, seq.min(self.head)).await?;
                let rows = self.from(tx, first).await?;
                // Near the end there are fewer after it: then the page reaches further back.
                if rows.len() as u64 == self.limit { Ok(rows) } else { self.up_to(tx, self.head).await }
            }
        }
    }

    async fn up_to(&self, tx: &mut Tx, last: u64) -> Result<Vec<Row>, ReadFault> {
        let values = [self.root.conversation.into(), self.root.seq.into(), last.into(), self.limit.into()];
        let mut rows = tx.fetch_all(UP_TO, values).await?;
        rows.reverse();
        Ok(rows)
    }

    async fn from(&self, tx: &mut Tx, first: u64) -> Result<Vec<Row>, ReadFault> {
        let root = self.root;
        let values = [root.conversation.into(), root.seq.into(), first.into(), self.head.into(), self.limit.into()];
        Ok(tx.fetch_all(FROM, values).await?)
    }

    /// Where a page begins that has this reply in its middle.
    async fn half_before(&self, tx: &mut Tx, seq: u64) -> Result<u64, ReadFault> {
        let half = self.limit / 2 + 1;
        let values = [self.root.conversation.into(), self.root.seq.into(), seq.into(), half.into()];
        let row = tx.fetch_optional(BEGINNING, values).await?;
        let first = row.map(|row| row.columns().maybe_number()).transpose()?.flatten();
        Ok(first.unwrap_or(1))
    }

    /// The first and the last; none when there is none.
    async fn ends(&self, tx: &mut Tx) -> Result<Option<(u64, u64)>, ReadFault> {
        let values = [self.root.conversation.into(), self.root.seq.into(), self.head.into()];
        let Some(row) = tx.fetch_optional(ENDS, values).await? else { return Ok(None) };
        let mut columns = row.columns();
        Ok(columns.maybe_number()?.zip(columns.maybe_number()?))
    }
}

/// A part of a thread; none for a message that the viewer may not read.
pub(super) async fn page(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    root: MessageId,
    window: Window,
    limit: usize,
) -> Result<Option<MessagePage>, ReadFault> {
    let visible = visible(&mut tx, viewer, root.conversation).await?;
    let Some(visible) = visible.filter(|visible| visible.contains(root.seq)) else { return Ok(None) };
    let replies = Replies { root, head: visible.head, limit: limit.max(1) as u64 };
    let rows = replies.rows(&mut tx, window).await?;
    let ends = replies.ends(&mut tx).await?;
    let mut opening = Opening::default();
    let parts = rows.iter().map(|row| MessagePart::of(row, &mut opening)).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<MessageId> = parts.iter().map(MessagePart::id).collect();
    let mut counts = counts(&mut tx, viewer, &ids).await?;
    tx.commit().await?;
    let opened = opening.open(&*access.words).await?;
    let items = parts.into_iter().map(|part| {
        let reactions = counts.remove(&part.id()).unwrap_or_default();
        part.view(&opened, reactions)
    });
    let items = items.collect::<Result<_, _>>()?;
    let (found_oldest, found_newest) = reach(window, ids.first().zip(ids.last()).map(|(a, b)| (a.seq, b.seq)), ends);
    Ok(Some(MessagePage { items, found_oldest, found_newest }))
}

/// Whether a page reaches the oldest and the newest of what there is.
fn reach(window: Window, page: Option<(u64, u64)>, ends: Option<(u64, u64)>) -> (bool, bool) {
    match (page, ends) {
        (_, None) => (true, true),
        (Some((first, last)), Some((oldest, newest))) => (first <= oldest, last >= newest),
        // Nothing before the first, or nothing after the last.
        (None, Some(_)) => (matches!(window, Window::Before(_)), matches!(window, Window::After(_))),
    }
}

#[cfg(test)]
mod tests {
    use crate::conversation::messaging::views::{Body, MessagePage, Window};
    use crate::testing::script::{Script, account, message};
    use crate::testing::world::{Place, World};

    /// Root 1, replies 3, 5, 7, …, 21; between them, what answers nothing.
    fn talk() -> Script {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        script.sends(1, 1, "root", None);
        for _ in 0..10 {
            script.sends(1, 2, "between", None);
            script.sends(1, 2, "reply", Some(1));
        }
        script
    }

    async fn page(world: &World, viewer: u128, root: u64, window: Window) -> Option<(Vec<u64>, bool, bool)> {
        let reader = world.projections.messaging();
        let page = reader.thread(account(viewer), message(1, root), window, 4).await.unwrap().value;
        page.map(|MessagePage { items, found_oldest, found_newest }| {
            (items.iter().map(|item| item.id.seq).collect(), found_oldest, found_newest)
        })
    }

    #[tokio::test]
    async fn a_thread_is_paged_as_a_timeline_is() {
        for place in Place::all("thread") {
            let mut script = talk();
            script.deletes(1, 1, 1);
            script.deletes(1, 5, 2);
            let world = World::caught_up(&place, &script.events, 500).await;
            let some = |seqs: &[u64], oldest, newest| Some((seqs.to_vec(), oldest, newest));
            for (window, expected) in [
                (Window::Newest, some(&[15, 17, 19, 21], false, true)),
                (Window::Before(9), some(&[3, 5, 7], true, false)),
                (Window::Before(15), some(&[7, 9, 11, 13], false, false)),
                (Window::Before(3), some(&[], true, false)),
                (Window::Before(99), some(&[15, 17, 19, 21], false, true)),
                (Window::After(0), some(&[3, 5, 7, 9], true, false)),
                (Window::After(13), some(&[15, 17, 19, 21], false, true)),
                (Window::After(21), some(&[], false, true)),
                (Window::After((1 << 53) - 1), some(&[], false, true)),
                (Window::Around(11), some(&[7, 9, 11, 13], false, false)),
                (Window::Around(2), some(&[3, 5, 7, 9], true, false)),
                (Window::Around(20), some(&[15, 17, 19, 21], false, true)),
            ] {
                assert_eq!(page(&world, 1, 1, window).await, expected, "{window:?}");
            }
            assert_eq!(page(&world, 1, 2, Window::Newest).await, some(&[], true, true), "nobody answered");
            assert_eq!(page(&world, 1, 22, Window::Newest).await, None, "no such message");
            assert_eq!(page(&world, 9, 1, Window::Newest).await, None, "a stranger");
            let reader = world.projections.messaging();
            let first = reader.thread(account(1), message(1, 1), Window::After(0), 4).await.unwrap().value.unwrap();
            assert_eq!(first.items[1].body, Body::Deleted, "a tombstone keeps its place");
            let root = reader.message(account(1), message(1, 1)).await.unwrap().value.unwrap();
            assert_eq!((root.body, root.reply_count), (Body::Deleted, 10));
            world.stop().await;
            place.clean().await;
        }
    }

    #[tokio::test]
    async fn who_left_sees_the_replies_up_to_then() {
        for place in Place::all("thread_left") {
            let mut script = talk();
            script.leaves(1, 3);
            script.sends(1, 1, "reply", Some(1));
            let world = World::caught_up(&place, &script.events, 500).await;
            assert_eq!(page(&world, 3, 1, Window::Newest).await, Some((vec![15, 17, 19, 21], false, true)));
            assert_eq!(page(&world, 3, 22, Window::Newest).await, None);
            assert_eq!(page(&world, 1, 1, Window::Newest).await, Some((vec![17, 19, 21, 22], false, true)));
            world.stop().await;
            place.clean().await;
        }
    }
}
