//! Reading streams into states, and telling whether states are current.

use super::Executor;
use super::cache::{Found, Loaded};
use domain::recorded::Recorded;
use domain::source::{Direction, SourceFault};
use domain::state::State;
use domain::stream::StreamName;
use std::sync::Arc;

const PAGE_EVENTS: usize = 256;

impl Executor {
    /// A stream's state: from the cache, else from the log. It may be overtaken at any moment.
    pub(super) async fn load(&self, stream: &StreamName) -> Result<Loaded, SourceFault> {
        let category = stream.category();
        let known = match self.cache.get(stream) {
            Found::Fresh(loaded) => return Ok(loaded),
            Found::Stale(loaded) => loaded,
            Found::Nothing => Loaded { revision: None, state: Arc::new(State::empty(category)) },
        };
        let loaded = if State::is_in_newest_event(category) {
            self.read_newest(stream).await?
        } else {
            self.read_on(stream, known).await?
        };
        self.cache.put(stream, loaded.clone());
        Ok(loaded)
    }

    async fn read_newest(&self, stream: &StreamName) -> Result<Loaded, SourceFault> {
        let slice = self.log.read_stream(stream, u64::MAX, Direction::Backward, 1).await?;
        let mut state = State::empty(stream.category());
        for recorded in &slice.events {
            state.evolve(recorded.revision, &recorded.event);
        }
        Ok(Loaded { revision: slice.revision, state: Arc::new(state) })
    }

    async fn read_on(&self, stream: &StreamName, mut loaded: Loaded) -> Result<Loaded, SourceFault> {
        loop {
            let from = loaded.revision.map_or(0, |revision| revision + 1);
            let slice = self.log.read_stream(stream, from, Direction::Forward, PAGE_EVENTS).await?;
            for recorded in &slice.events {
                Arc::make_mut(&mut loaded.state).evolve(recorded.revision, &recorded.event);
                loaded.revision = Some(recorded.revision);
            }
            // Retention may hide the newest events; then there is nothing more to read before the end.
            if slice.events.is_empty() {
                loaded.revision = loaded.revision.max(slice.revision);
            }
            if loaded.revision >= slice.revision {
                return Ok(loaded);
            }
        }
    }

    /// One event of a stream. It can never change, so it needs neither a check nor a place in the cache.
    pub(super) async fn read_event(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Option<Arc<Recorded>>, SourceFault> {
        let slice = self.log.read_stream(stream, revision, Direction::Forward, 1).await?;
        Ok(slice.events.into_iter().next().filter(|recorded| recorded.revision == revision))
    }

    /// Whether these are the log's current revisions. What is not is reloaded when it is needed next.
    pub(super) async fn are_current(&self, used: &[(StreamName, Option<u64>)]) -> Result<bool, SourceFault> {
        let streams: Vec<StreamName> = used.iter().map(|(stream, _)| stream.clone()).collect();
        let actual = self.log.revisions(&streams).await?;
        let mut are_current = true;
        for ((stream, revision), actual) in used.iter().zip(actual) {
            self.cache.compare(stream, actual);
            are_current &= *revision == actual;
        }
        Ok(are_current)
    }
}
