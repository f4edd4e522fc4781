//! Collects one page of what is found, and counts everything.

use super::port::{Hit, Sort};
use super::schema::{CONVERSATION_HIGH, CONVERSATION_LOW, POSITION, SENT_AT, SEQ};
use domain::clock::Time;
use domain::ids::{ConversationId, MessageId, Position};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};
use uuid::Uuid;

/// So many seconds after it was sent, half of a message's bonus for being new is gone: 30 days.
const RECENCY_SECONDS: f64 = 30.0 * 86_400.0;
/// Scores are compared in steps of one over so much: sums of the same numbers in another order are the same.
const STEPS: f64 = 4_096.0;

/// Which page.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) sort: Sort,
    pub(super) now: Time,
    /// What came later is left out.
    pub(super) bound: Position,
    /// Rank and position of the last item of the page before.
    pub(super) after: Option<(u64, u64)>,
    pub(super) limit: usize,
}

/// A message of the page.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) rank: u64,
    pub(super) position: u64,
    pub(super) hit: Hit,
}

/// The page's items, one more if there are more, and how many there are in all.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) items: Vec<Item>,
    pub(super) total: u64,
}

impl Page {
    fn rank(&self, score: Score, sent_at: i64) -> u64 {
        match self.sort {
            // In the order of times also before 1970.
            Sort::Recent => sent_at.cast_unsigned() ^ (1 << 63),
            Sort::Relevance => {
                let age = self.now.micros().saturating_sub(sent_at).max(0) as f64 / 1e6;
                let score = (1.0 + f64::from(score)) * (1.0 + 1.0 / (1.0 + age / RECENCY_SECONDS));
                (score * STEPS).round() as u64
            }
        }
    }
}

impl Collector for Page {
    type Fruit = Collected;
    type Child = OfSegment;

    fn for_segment(&self, _segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<OfSegment> {
        let columns = reader.fast_fields();
        Ok(OfSegment {
            page: *self,
            sent_at: columns.i64(SENT_AT)?,
            position: columns.u64(POSITION)?,
            seq: columns.u64(SEQ)?,
            high: columns.u64(CONVERSATION_HIGH)?,
            low: columns.u64(CONVERSATION_LOW)?,
            best: BinaryHeap::with_capacity(self.limit + 2),
            total: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Relevance
    }

    fn merge_fruits(&self, segments: Vec<Collected>) -> tantivy::Result<Collected> {
        let mut all = Collected::default();
        for segment in segments {
            all.total += segment.total;
            all.items.extend(segment.items);
        }
        all.items.sort_unstable_by_key(|item| Reverse((item.rank, item.position)));
        all.items.truncate(self.limit + 1);
        Ok(all)
    }
}

/// Collects from one segment.
pub(super) struct OfSegment {
    page: Page,
    sent_at: Column<i64>,
    position: Column<u64>,
    seq: Column<u64>,
    high: Column<u64>,
    low: Column<u64>,
    /// The worst on top.
    best: BinaryHeap<Reverse<(u64, u64, DocId)>>,
    total: u64,
}

impl SegmentCollector for OfSegment {
    type Fruit = Collected;

    fn collect(&mut self, doc: DocId, score: Score) {
        let position = self.position.first(doc).unwrap_or_default();
        if position > self.page.bound.0 {
            return;
        }
        self.total += 1;
        let rank = self.page.rank(score, self.sent_at.first(doc).unwrap_or_default());
        if self.page.after.is_some_and(|after| (rank, position) >= after) {
            return;
        }
        let is_full = self.best.len() > self.page.limit;
        if is_full && self.best.peek().is_some_and(|Reverse(worst)| (rank, position) < (worst.0, worst.1)) {
            return;
        }
        self.best.push(Reverse((rank, position, doc)));
        if self.best.len() > self.page.limit + 1 {
            self.best.pop();
        }
    }

    fn harvest(self) -> Collected {
        let relevance = self.page.sort == Sort::Relevance;
        let items = self.best.iter().map(|Reverse((rank, position, doc))| {
            let number = |column: &Column<u64>| column.first(*doc).unwrap_or_default();
            let conversation = Uuid::from_u64_pair(number(&self.high), number(&self.low));
            let message = MessageId { conversation: ConversationId::new(conversation), seq: number(&self.seq) };
            let score = if relevance { *rank as f64 / STEPS } else { 0.0 };
            Item { rank: *rank, position: *position, hit: Hit { message, score } }
        });
        Collected { items: items.collect(), total: self.total }
    }
}
