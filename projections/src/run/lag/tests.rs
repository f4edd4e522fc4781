//! What is told while projections apply nothing, and while the log does not answer.

use super::*;
use crate::projection::{MESSAGING, STORIES};
use crate::run::tests::unfit;
use crate::testing::script::{LOG, Script, time_of};
use crate::testing::world::{Place, Source, World};
use domain::ids::LogId;
use domain::recorded::Recorded;
use domain::source::{BoxFuture, LogSlice, SourceFault, StreamSlice, Subscription};
use domain::stream::StreamName;
use parking_lot::Mutex;

/// How a log answers.
#[derive(Clone, Copy)]
enum Answers {
    Well,
    /// With nothing of what it was asked, as where everything was reclaimed: so many places further.
    Sparsely(u64),
    Never,
    Damaged,
}

/// A log that answers as a test wants.
struct Moody {
    log: Arc<Source>,
    answers: Mutex<Answers>,
    asked: Mutex<usize>,
}

impl EventSource for Moody {
    fn log_id(&self) -> LogId {
        LOG
    }

    fn head(&self) -> Position {
        self.log.head()
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        self.log.read_stream(stream, from, direction, limit)
    }

    fn read_all<'a>(
        &'a self,
        from: Position,
        direction: Direction,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        *self.asked.lock() += 1;
        match *self.answers.lock() {
            Answers::Well => self.log.read_all(from, direction, limit, filter),
            Answers::Sparsely(further) => {
                let next = Position(from.0 + further);
                Box::pin(async move { Ok(LogSlice { events: Vec::new(), next, at_end: false }) })
            }
            Answers::Never => Box::pin(std::future::pending()),
            Answers::Damaged => Box::pin(async move { Err(SourceFault::Damaged(from, "a test".into())) }),
        }
    }

    fn read_positions<'a>(&'a self, at: &'a [Position]) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        self.log.read_positions(at)
    }

    fn subscribe(&self, after: Position) -> Subscription {
        self.log.subscribe(after)
    }
}

/// A clock that stands where it is put.
struct Standing(Mutex<Time>);

impl Clock for Standing {
    fn now(&self) -> Time {
        *self.0.lock()
    }
}

struct Rig {
    log: Arc<Moody>,
    clock: Arc<Standing>,
    lags: Lags,
}

impl Rig {
    /// A log of ten events.
    fn new() -> Self {
        let mut script = Script::default();
        for who in 1..=10 {
            script.posts(who, who);
        }
        let log = Arc::new(Moody {
            log: Source::new(&script.events, 10),
            answers: Mutex::new(Answers::Well),
            asked: Mutex::default(),
        });
        let (clock, stop) = (Arc::new(Standing(Mutex::new(time_of(1_000)))), CancellationToken::new());
        let lags = Lags::new(log.clone(), clock.clone(), &Handle::current(), &TaskTracker::new(), stop);
        Self { log, clock, lags }
    }

    fn answers(&self, how: Answers) {
        *self.log.answers.lock() = how;
    }

    fn asked(&self) -> usize {
        std::mem::take(&mut *self.log.asked.lock())
    }

    fn passes(&self, seconds: i64) {
        let mut now = self.clock.0.lock();
        *now = now.plus_seconds(seconds);
    }

    /// The age of the event at this position.
    fn age_of(&self, position: u64) -> f64 {
        (self.clock.now().micros() - time_of(position).micros()) as f64 / 1e6
    }

    async fn at(&mut self, position: u64) -> Lag {
        let status = Status { name: STORIES, position: Position(position), state: State::Running };
        self.lags.look(self.log.head(), &[status]).await[0]
    }
}

#[tokio::test]
async fn the_lag_is_the_age_of_the_oldest_event_that_is_not_applied() {
    let mut rig = Rig::new();
    assert_eq!(rig.at(10).await, Lag::default());
    assert_eq!(rig.asked(), 0, "whoever is at the head reads nothing");
    assert_eq!(rig.at(4).await, Lag { events: 6, seconds: rig.age_of(5) });
    rig.passes(30);
    rig.answers(Answers::Never);
    assert_eq!(rig.at(4).await, Lag { events: 6, seconds: rig.age_of(5) }, "it grows");
    assert_eq!(rig.asked(), 1, "what is known is not asked again");
    rig.answers(Answers::Well);
    assert_eq!(rig.at(5).await, Lag { events: 5, seconds: rig.age_of(6) });
    assert_eq!(rig.at(2).await, Lag { events: 8, seconds: rig.age_of(3) }, "another copy, which is less far");
    assert_eq!(rig.at(11).await, Lag::default(), "it knows of more than the log has");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_does_not_answer_holds_nothing_up_and_the_lag_grows() {
    let mut rig = Rig::new();
    for how in [Answers::Never, Answers::Damaged] {
        rig.answers(how);
        assert_eq!(rig.at(4).await, Lag { events: 6, seconds: 0.0 });
        rig.passes(7);
        assert_eq!(rig.at(4).await, Lag { events: 6, seconds: 7.0 });
        rig.at(10).await;
    }
    assert_eq!(rig.asked(), 1, "while one look hangs no other is begun beside it");
    rig.answers(Answers::Well);
    let known = async {
        while rig.at(4).await.seconds != rig.age_of(5) {
            tokio::task::yield_now().await;
        }
    };
    timeout(READ_LIMIT + READ_PATIENCE, known).await.expect("the log is asked anew");
}

#[tokio::test]
async fn a_damaged_event_is_asked_for_again_and_its_lag_grows_meanwhile() {
    let mut rig = Rig::new();
    rig.answers(Answers::Damaged);
    assert_eq!(rig.at(4).await.seconds, 0.0);
    rig.passes(7);
    assert_eq!(rig.at(4).await.seconds, 7.0);
    rig.answers(Answers::Well);
    assert_eq!(rig.at(4).await.seconds, rig.age_of(5));
}

#[tokio::test]
async fn where_much_was_reclaimed_each_look_goes_on_from_the_one_before() {
    let mut rig = Rig::new();
    rig.answers(Answers::Sparsely(3));
    for _ in 0..2 {
        rig.at(1).await;
    }
    assert_eq!(rig.asked(), 2, "one read a look");
    rig.answers(Answers::Well);
    assert_eq!(rig.at(1).await, Lag { events: 9, seconds: rig.age_of(8) });
    assert_eq!(rig.at(6).await, Lag { events: 4, seconds: rig.age_of(8) }, "nothing stands before it");
}

#[tokio::test]
async fn a_projection_that_stopped_falls_further_and_further_behind() {
    let place = Place::sqlite();
    let (script, good) = unfit();
    let world = World::run(&place, &script.events, 1).await;
    let patience = Duration::from_secs(20);
    world.projections.wait(STORIES, world.source.head(), patience).await.unwrap();
    assert!(world.projections.wait(MESSAGING, world.source.head(), patience).await.is_err());
    let clock = Arc::new(Standing(Mutex::new(time_of(1_000))));
    let source: Arc<dyn EventSource> = world.source.clone();
    let stop = CancellationToken::new();
    let mut lags = Lags::new(source, clock.clone(), &Handle::current(), &TaskTracker::new(), stop);
    let statuses = world.projections.status();
    let of = |lags: &[Lag], name: &str| lags[statuses.iter().position(|status| status.name == name).unwrap()];
    for later in [0, 60] {
        *clock.0.lock() = time_of(1_000).plus_seconds(later);
        let seconds = (clock.now().micros() - time_of(good.0 + 1).micros()) as f64 / 1e6;
        let told = lags.look(world.source.head(), &statuses).await;
        assert_eq!(of(&told, MESSAGING), Lag { events: world.source.head().0 - good.0, seconds });
        assert_eq!(of(&told, STORIES), Lag::default());
    }
    world.stop().await;
}
