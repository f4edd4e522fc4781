//! What must not match: the messages that do are gathered first.
//!
//! tantivy 0.27 asks an excluded phrase about messages before the first one that it matches, which its phrases do not
//! allow (`Exclude::new` and `PhraseScorer::seek_danger`); a set of messages allows it.

use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{BitSet, DocId, Score, SegmentReader, TERMINATED, TantivyError};

/// The same messages as those of a query, gathered in a set for each segment.
#[derive(Debug)]
pub(super) struct Gathered(pub(super) Box<dyn Query>);

impl Clone for Gathered {
    fn clone(&self) -> Self {
        Self(self.0.box_clone())
    }
}

impl Query for Gathered {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let without_scores = match scoring {
            EnableScoring::Enabled { searcher, .. } => EnableScoring::disabled_from_searcher(searcher),
            disabled @ EnableScoring::Disabled { .. } => disabled,
        };
        Ok(Box::new(GatheredWeight(self.0.weight(without_scores)?)))
    }
}

struct GatheredWeight(Box<dyn Weight>);

impl Weight for GatheredWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut messages = BitSet::with_max_value(reader.max_doc());
        let mut scorer = self.0.scorer(reader, boost)?;
        let mut message = scorer.doc();
        while message != TERMINATED {
            messages.insert(message);
            message = scorer.advance();
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(messages), 0.0)))
    }

    fn explain(&self, _: &SegmentReader, message: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument(format!("what is excluded has no score: {message}")))
    }
}
