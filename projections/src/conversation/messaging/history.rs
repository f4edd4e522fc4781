//! When a message was sent, edited and deleted. What it said then stands in the log alone.

use super::timeline::visible;
use super::views::{HistoryPage, VersionKind, VersionView};
use crate::database::tx::Tx;
use crate::reader::ReadFault;
use domain::conversation::values::PrivacyMode;
use domain::ids::{AccountId, MessageId};

const SENT: &str = "SELECT position, sent_at FROM timeline WHERE conversation = $1 AND seq = $2";

const LATER: &str = "SELECT revision, position, happened_at, is_deletion FROM versions \
    WHERE conversation = $1 AND seq = $2 AND revision >= $3 ORDER BY revision LIMIT $4";

const IS_SEARCHABLE: &str = "SELECT 1 FROM conversations WHERE conversation = $1 AND privacy_mode = $2";

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asker {
    /// Somebody who is or was in the conversation.
    Member(AccountId),
    /// Somebody whose role lets them read any searchable conversation.
    Role,
}

impl Asker {
    async fn may_read(self, tx: &mut Tx, id: MessageId) -> Result<bool, ReadFault> {
        Ok(match self {
            Asker::Member(viewer) => {
                let visible = visible(tx, viewer, id.conversation).await?;
                visible.is_some_and(|visible| visible.contains(id.seq))
            }
            Asker::Role => {
                let mode = PrivacyMode::Searchable.as_str();
                tx.fetch_optional(IS_SEARCHABLE, [id.conversation.into(), mode.into()]).await?.is_some()
            }
        })
    }
}

/// Up to `limit` versions from the `from`-th on, the first being 0; none for a message that the asker may not read.
///
/// A version's number is one more than the revision that made it, which leaves gaps where somebody reacted.
pub(super) async fn page(
    mut tx: Tx,
    asker: Asker,
    id: MessageId,
    from: u64,
    limit: usize,
) -> Result<Option<HistoryPage>, ReadFault> {
    let sent = tx.fetch_optional(SENT, [id.conversation.into(), id.seq.into()]).await?;
    let Some(sent) = sent.filter(|_| id.seq > 0) else { return Ok(None) };
    if !asker.may_read(&mut tx, id).await? {
        return Ok(None);
    }
    let mut items = Vec::with_capacity(limit + 1);
    if from == 0 {
        let mut columns = sent.columns();
        let (position, at) = (columns.position()?, columns.time()?);
        items.push(VersionView { number: 0, kind: VersionKind::Sent, position, at });
    }
    let values = [id.conversation.into(), id.seq.into(), from.saturating_sub(1).into(), (limit as u64 + 1).into()];
    for row in tx.fetch_all(LATER, values).await? {
        let mut columns = row.columns();
        let (number, position, at) = (columns.number()? + 1, columns.position()?, columns.time()?);
        let kind = if columns.take::<bool>()? { VersionKind::Deleted } else { VersionKind::Edited };
        items.push(VersionView { number, kind, position, at });
    }
    tx.commit().await?;
    let next = items.get(limit).map(|next| next.number);
    items.truncate(limit);
    Ok(Some(HistoryPage { items, next }))
}

#[cfg(test)]
mod tests {
    use crate::conversation::messaging::views::{HistoryPage, VersionKind};
    use crate::testing::script::{Script, account, message};
    use crate::testing::world::{Place, World};

    fn shown(page: Option<HistoryPage>) -> Option<Vec<(u64, VersionKind)>> {
        page.map(|page| page.items.iter().map(|version| (version.number, version.kind)).collect())
    }

    #[tokio::test]
    async fn every_edit_and_the_deletion_are_remembered_in_order() {
        for place in Place::all("history") {
            let mut script = Script::default();
            script.group(1, &[1, 2, 3]);
            script.sends(1, 1, "one", None);
            script.edits(1, 1, 1, "two");
            script.reacts(1, 1, 2, "👍");
            script.edits(1, 1, 1, "three");
            script.deletes(1, 1, 1);
            script.leaves(1, 3);
            script.sends(1, 1, "later", None);
            let world = World::caught_up(&place, &script.events, 2).await;
            let reader = world.projections.messaging();
            let all = [VersionKind::Sent, VersionKind::Edited, VersionKind::Edited, VersionKind::Deleted];
            let all: Vec<_> = [0, 1, 3, 4].into_iter().zip(all).collect();
            let ask = async |viewer, seq, from, limit| {
                reader.history(account(viewer), message(1, seq), from, limit).await.unwrap().value
            };
            assert_eq!(shown(ask(2, 1, 0, 10).await), Some(all.clone()));
            let first = ask(2, 1, 0, 2).await;
            assert_eq!(first.as_ref().and_then(|page| page.next), Some(3));
            assert_eq!(shown(first), Some(all[..2].to_vec()));
            assert_eq!(shown(ask(2, 1, 3, 2).await), Some(all[2..].to_vec()));
            assert_eq!(ask(2, 1, 3, 2).await.unwrap().next, None);
            assert_eq!(shown(ask(3, 1, 0, 10).await), Some(all.clone()), "who left, of what they may read");
            assert_eq!((ask(3, 2, 0, 10).await, ask(9, 1, 0, 10).await, ask(2, 3, 0, 10).await), (None, None, None));
            let by_role = reader.searchable_history(message(1, 1), 0, 10).await.unwrap().value;
            assert_eq!(shown(by_role), Some(all));
            world.stop().await;
            place.clean().await;
        }
    }
}
