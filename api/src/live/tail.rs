//! The one task that follows the log for all sockets of this node.

use crate::live::close::Close;
use crate::live::membership::{complete_len, initial_joins};
use crate::live::notification;
use crate::live::outbox::Outbox;
use crate::live::render::{RenderFault, When};
use crate::live::router::Live;
use crate::live::story::stories_and_friends_before;
use crate::live::wire::{Wire, pack};
use crate::traces::Part;
use domain::ids::Position;
use domain::notification::values::NotificationKind;
use domain::recorded::Recorded;
use domain::source::SourceFault;
use domain::words::WordsFault;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Events that are handed on before other tasks get their turn.
const CHUNK_EVENTS: usize = 256;
/// Sockets that are written to before other tasks get their turn.
const CHUNK_SOCKETS: usize = 256;
/// How long to wait after a fault.
const RETRY: Duration = Duration::from_millis(250);

/// Events that follow each other, and the sockets that are to get all of them.
pub struct Routed {
    /// At least one, in the order of the log.
    pub events: Vec<Arc<Recorded>>,
    /// At least one.
    pub sockets: Vec<Arc<Outbox>>,
    /// Set where the only event is told as a notification of this kind.
    pub notice: Option<NotificationKind>,
}

/// Follows the log until `stop` fires or the log closes.
pub async fn follow(live: Arc<Live>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = pass_on(&live) => outcome,
        };
        match outcome {
            Err(RenderFault::Source(SourceFault::Closed)) => return,
            Ok(()) => {}
            Err(fault) => tracing::warn!(
                error = %fault, cause = ?std::error::Error::source(&fault), position = %live.position(),
                "the live feed stopped and will go on from here"
            ),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

async fn pass_on(live: &Live) -> Result<(), RenderFault> {
    let mut batches = live.renderer.source.subscribe(live.position());
    // What has come and was not handed on: a creation whose joins may still be coming.
    let mut waiting: Vec<Arc<Recorded>> = Vec::new();
    while let Some(batch) = batches.next().await {
        waiting.extend(batch?.iter().cloned());
        // A unit is durable as a whole: what the log's head does not exceed is complete.
        let more_is_there = waiting.last().is_some_and(|last| live.renderer.source.head() > last.position);
        let complete = if more_is_there { complete_len(&waiting) } else { waiting.len() };
        let events: Vec<_> = waiting.drain(..complete).collect();
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let (chunk, others) = rest.split_at(chunk_len(rest));
            live.hand_on(chunk).await?;
            rest = others;
            tokio::task::yield_now().await;
        }
    }
    Err(SourceFault::Closed.into())
}

/// A chunk never parts a creation from its joins.
fn chunk_len(events: &[Arc<Recorded>]) -> usize {
    if events.len() <= CHUNK_EVENTS {
        return events.len();
    }
    match complete_len(&events[..CHUNK_EVENTS]) {
        0 => 1 + initial_joins(&events[0], &events[1..]),
        len => len,
    }
}

impl Live {
    /// Hands events to the sockets that may see them.
    pub(in crate::live) async fn hand_on(&self, events: &[Arc<Recorded>]) -> Result<(), RenderFault> {
        let mut circles = self.circles.lock().await;
        let stories = stories_and_friends_before(&*self.renderer.source, events, &mut circles).await?;
        let notices = notification::notices(&*self.renderer.source, events, &mut circles, None).await?;
        drop(circles);
        let (routed, is_news) = self.take_over(events, &stories, &notices);
        if let Some(last) = events.last() {
            // From here on, whoever joins finds these events in the log and not in their outbox.
            self.position.send_replace(last.position);
            metrics::gauge!("feed_position").set(last.position.0 as f64);
        }
        self.send(&routed).await;
        if is_news {
            self.ephemerals.call();
        }
        Ok(())
    }

    async fn send(&self, routed: &[Routed]) {
        if routed.is_empty() {
            return;
        }
        let began = Instant::now();
        let plain = routed.iter().filter(|routed| routed.notice.is_none());
        let events: Vec<_> = plain.flat_map(|routed| routed.events.iter().cloned()).collect();
        loop {
            match self.renderer.render(&events, When::Live).await {
                Ok(frames) => {
                    let (mut frames, mut written) = (frames.into_iter(), 0);
                    for routed in routed {
                        let shown = match routed.notice {
                            Some(kind) => notice(routed, kind),
                            None => frames_of(routed, frames.by_ref().take(routed.events.len())),
                        };
                        self.push(routed, shown, &mut written).await;
                    }
                    self.trace(routed, began.elapsed());
                    return;
                }
                Err(fault) if is_passing(&fault) && !self.closing.is_cancelled() => {
                    tracing::warn!(error = %fault, "live events wait");
                    tokio::time::sleep(RETRY).await;
                }
                Err(fault) => {
                    // Nothing is skipped in silence: these sockets end, and those who come back are told the same.
                    tracing::error!(
                        error = %fault, cause = ?std::error::Error::source(&fault),
                        "live events cannot be shown"
                    );
                    routed
                        .iter()
                        .flat_map(|routed| &routed.sockets)
                        .for_each(|socket| socket.close(Close::Unavailable));
                    return;
                }
            }
        }
    }
}

impl Live {
    /// `written`: sockets that were written to since others had their turn. A turn costs as much as some writes, so it is not
    /// given after each event that only one person gets.
    async fn push(&self, routed: &Routed, shown: Vec<(Position, Wire)>, written: &mut usize) {
        self.meters.frames.increment((shown.len() * routed.sockets.len()) as u64);
        for (position, pack) in &pack(shown) {
            for socket in &routed.sockets {
                socket.push(pack, *position);
                *written += 1;
                if *written >= CHUNK_SOCKETS {
                    *written = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn trace(&self, routed: &[Routed], took: Duration) {
        for Routed { events, sockets, notice: _ } in routed {
            for event in events {
                self.traces.part(event.correlation_id, || Part {
                    name: format!("feed {}", event.event.event_type()).into(),
                    took,
                    ended: Duration::ZERO,
                    count: Some(("sockets", sockets.len())),
                });
            }
        }
    }
}

/// The frames of events, each with the position up to which everything was sent then.
fn frames_of(routed: &Routed, frames: impl Iterator<Item = Option<Wire>>) -> Vec<(Position, Wire)> {
    routed.events.iter().zip(frames).filter_map(|(event, frame)| Some((event.position, frame?))).collect()
}

/// The same of a notification, after which its event follows.
fn notice(routed: &Routed, kind: NotificationKind) -> Vec<(Position, Wire)> {
    let frames =
        routed.events.iter().filter_map(|event| Some((notification::before(event), notification::frame(event, kind)?)));
    frames.collect()
}

fn is_passing(fault: &RenderFault) -> bool {
    match fault {
        RenderFault::Source(SourceFault::Unavailable(_))
        | RenderFault::Words(WordsFault::Store(_))
        | RenderFault::State(_) => true,
        RenderFault::Source(SourceFault::Damaged(..) | SourceFault::Unknown(..) | SourceFault::Closed)
        | RenderFault::Words(WordsFault::KeyMissing(..) | WordsFault::Damaged(_)) => false,
    }
}
