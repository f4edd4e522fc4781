//! What waits to be written to one socket. Whoever puts something in writes it out at once if the socket takes it, so
//! that no task needs to wake; only what the socket does not take waits.
//!
//! Bounded in bytes. Ephemeral frames go first; of events none is ever left out: a socket whose queue is full takes no
//! more of them, and reads what follows from the log once the queue is empty.

use crate::live::close::Close;
use crate::live::meters::Meters;
use crate::live::patience::Slow;
use crate::live::wire::Wire;
use bytes::Bytes;
use domain::ids::{Position, SessionId};
use domain::limits::{FEED_EPHEMERAL_MAX_BYTES, FEED_QUEUE_MAX_BYTES};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Pieces written at once.
const SLICES: usize = 16;
/// Room that an empty queue keeps.
const KEPT_PIECES: usize = 4;

/// How a socket's queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing waits.
    Idle,
    /// Something waits for the socket to take it; then [`Outbox::is_too_slow`] is to be asked.
    Waiting(Instant),
    /// The queue was full and is empty now: what is after the position is to be read from the log.
    Lagging(Position),
    /// The socket is to be closed.
    Closing(Close),
    /// The connection is broken.
    Broken,
}

/// The frames that wait for one socket.
pub struct Outbox {
    /// The sign-in that the socket belongs to, once that is known.
    session: OnceLock<SessionId>,
    waiting: Mutex<Waiting>,
    /// Whether the device is looked at.
    is_visible: AtomicBool,
    /// There is something to do that whoever put it in did not do.
    changed: Notify,
    /// Where to write; none for those that take frames themselves.
    stream: Option<Arc<TcpStream>>,
    meters: Arc<Meters>,
}

struct Piece {
    bytes: Bytes,
    is_ephemeral: bool,
}

struct Waiting {
    pieces: VecDeque<Piece>,
    /// Bytes of the first piece that are written already.
    offset: usize,
    /// Live frames wait here while the socket is sent what it missed.
    held: VecDeque<Piece>,
    /// Bytes in both that are not written.
    bytes: usize,
    /// Live frames go out as they come.
    is_open: bool,
    /// Live events were left out: they are after `position`.
    lags: bool,
    /// Everything up to here was put in.
    position: Position,
    close: Option<Close>,
    is_broken: bool,
    /// Nothing more is put in.
    is_ending: bool,
    slow: Option<Slow>,
}

impl Outbox {
    /// Nothing waits yet. Without a stream, frames wait until they are taken.
    pub fn new(stream: Option<Arc<TcpStream>>, meters: Arc<Meters>) -> Self {
        let waiting = Waiting {
            pieces: VecDeque::new(),
            offset: 0,
            held: VecDeque::new(),
            bytes: 0,
            is_open: false,
            lags: false,
            position: Position::START,
            close: None,
            is_broken: false,
            is_ending: false,
            slow: None,
        };
        let session = OnceLock::new();
        let is_visible = AtomicBool::new(true);
        Self { session, waiting: Mutex::new(waiting), is_visible, changed: Notify::new(), stream, meters }
    }

    /// Says which sign-in the socket belongs to.
    pub fn belongs_to(&self, session: SessionId) {
        self.session.get_or_init(|| session);
    }

    /// The sign-in that the socket belongs to, once that is known.
    pub fn session(&self) -> Option<SessionId> {
        self.session.get().copied()
    }

    /// Says whether the device is looked at.
    pub fn look(&self, visible: bool) {
        self.is_visible.store(visible, Ordering::Relaxed);
    }

    /// Whether the device is looked at; none for streams and polls, which nobody looks at.
    pub fn is_visible(&self) -> Option<bool> {
        self.stream.is_some().then(|| self.is_visible.load(Ordering::Relaxed))
    }

    /// Joins the tail at a position: what comes from now on is held until [`Self::open`].
    pub fn join(&self, position: Position) {
        self.change(|waiting| {
            waiting.forget_held();
            (waiting.is_open, waiting.lags, waiting.position) = (false, false, position);
        });
    }

    /// Lets live frames out: first those that were held.
    pub fn open(&self) {
        self.change(|waiting| {
            waiting.is_open = true;
            let held = std::mem::take(&mut waiting.held);
            waiting.pieces.extend(held);
        });
    }

    /// Puts in frames of live events up to a position.
    pub fn push(&self, frames: &Wire, position: Position) {
        self.change(|waiting| {
            if waiting.is_ending || waiting.lags {
                return;
            }
            if !waiting.fits(frames.len(), FEED_QUEUE_MAX_BYTES) {
                self.meters.ephemerals_dropped.increment(waiting.drop_ephemerals());
            }
            if waiting.fits(frames.len(), FEED_QUEUE_MAX_BYTES) {
                waiting.position = position;
                waiting.put(frames, false);
            } else {
                waiting.lags = true;
                self.meters.lags.increment(1);
            }
        });
    }

    /// Puts in an ephemeral frame, unless the socket is behind.
    pub fn push_ephemeral(&self, frame: &Wire) {
        self.change(|waiting| {
            if waiting.is_ending {
                return;
            }
            if waiting.is_open && !waiting.lags && waiting.fits(frame.len(), FEED_EPHEMERAL_MAX_BYTES) {
                waiting.put(frame, true);
            } else {
                self.meters.ephemerals_dropped.increment(1);
            }
        });
    }

    /// Puts in what the socket itself has to say: answers, and what was missed. Whoever says much waits in between.
    pub fn say(&self, frames: &Wire) {
        self.change(|waiting| {
            if !waiting.is_ending {
                waiting.say(frames);
            }
        });
    }

    /// Asks the socket to close. What waits is not sent any more.
    pub fn close(&self, close: Close) {
        self.waiting.lock().close.get_or_insert(close);
        self.changed.notify_one();
    }

    /// Gives up what waits, as far as no frame is broken off; then only goodbye may be said.
    pub fn end(&self, goodbye: &Wire) {
        self.change(|waiting| {
            waiting.forget_held();
            let kept = usize::from(waiting.offset > 0);
            let given_up: usize = waiting.pieces.drain(kept..).map(|piece| piece.bytes.len()).sum();
            waiting.bytes -= given_up;
            waiting.is_ending = true;
            waiting.say(goodbye);
        });
    }

    /// Puts in the closing frame, after [`Self::end`].
    pub fn say_last(&self, frame: &Wire) {
        self.change(|waiting| waiting.say(frame));
    }

    /// Writes what the socket takes.
    pub fn write(&self) {
        self.change(|_| {});
    }

    /// Whether the reader has taken nothing, or too little, for too long. Tries once more.
    pub fn is_too_slow(&self) -> bool {
        if let Some(stream) = &self.stream {
            let socket = socket2::SockRef::from(&**stream);
            self.change_by(|_| {}, |slices| socket.send_vectored(slices));
        }
        let now = Instant::now();
        let mut waiting = self.waiting.lock();
        waiting.slow.as_mut().is_some_and(|slow| slow.is_over(now))
    }

    /// Takes everything that waits; for those without a stream.
    pub fn take(&self, frames: &mut Vec<Bytes>) {
        self.change(|waiting| {
            let taken: usize = waiting.pieces.iter().map(|piece| piece.bytes.len()).sum();
            frames.extend(waiting.pieces.drain(..).map(|piece| piece.bytes));
            waiting.bytes -= taken;
            waiting.took(taken);
        });
    }

    /// How things stand.
    pub fn standing(&self) -> Standing {
        let waiting = self.waiting.lock();
        match (waiting.close, waiting.slow) {
            _ if waiting.is_broken => Standing::Broken,
            (Some(close), _) => Standing::Closing(close),
            (None, Some(slow)) => Standing::Waiting(slow.due()),
            (None, None) if waiting.lags => Standing::Lagging(waiting.position),
            (None, None) => Standing::Idle,
        }
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.waiting.lock().bytes
    }

    /// Until something changes. May return without; never misses anything.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        self.change_by(change, |slices| match &self.stream {
            Some(stream) => stream.try_write_vectored(slices),
            None => Err(ErrorKind::WouldBlock.into()),
        });
    }

    fn change_by(&self, change: impl FnOnce(&mut Waiting), send: impl Fn(&[IoSlice<'_>]) -> std::io::Result<usize>) {
        let mut waiting = self.waiting.lock();
        let (bytes, lagged, was_slow) = (waiting.bytes, waiting.lags, waiting.slow.is_some());
        change(&mut waiting);
        if self.stream.is_some() {
            waiting.write(send);
        } else if !waiting.pieces.is_empty() {
            waiting.is_slow();
        }
        let (now, lags, is_slow) = (waiting.bytes, waiting.lags, waiting.slow.is_some());
        drop(waiting);
        if now != bytes {
            self.meters.queue_bytes.increment(now as f64 - bytes as f64);
        }
        if lags != lagged || is_slow != was_slow {
            self.changed.notify_one();
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.meters.queue_bytes.decrement(self.waiting.get_mut().bytes as f64);
    }
}

impl Waiting {
    /// A frame that is longer than the whole queue may be is taken when nothing else waits.
    fn fits(&self, bytes: usize, at_most: usize) -> bool {
        self.bytes == 0 || self.bytes + bytes <= at_most
    }

    fn put(&mut self, frames: &Wire, is_ephemeral: bool) {
        self.bytes += frames.len();
        let queue = if self.is_open { &mut self.pieces } else { &mut self.held };
        queue.push_back(Piece { bytes: frames.bytes().clone(), is_ephemeral });
    }

    fn say(&mut self, frames: &Wire) {
        self.bytes += frames.len();
        self.pieces.push_back(Piece { bytes: frames.bytes().clone(), is_ephemeral: false });
    }

    fn forget_held(&mut self) {
        self.bytes -= self.held.iter().map(|piece| piece.bytes.len()).sum::<usize>();
        self.held = VecDeque::new();
    }

    /// Drops ephemeral frames that were not begun, and says how many.
    fn drop_ephemerals(&mut self) -> u64 {
        let (mut at, begun, mut dropped, mut bytes) = (0, usize::from(self.offset > 0), 0, 0);
        self.pieces.retain(|piece| {
            let stays = !piece.is_ephemeral || at < begun;
            at += 1;
            if !stays {
                dropped += 1;
                bytes += piece.bytes.len();
            }
            stays
        });
        self.bytes -= bytes;
        dropped
    }

    fn write(&mut self, send: impl Fn(&[IoSlice<'_>]) -> std::io::Result<usize>) {
        while !self.pieces.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                let start = if count == 0 { self.offset } else { 0 };
                *slice = IoSlice::new(&piece.bytes[start..]);
                count += 1;
            }
            match send(&slices[..count]) {
                Ok(written) => self.wrote(written),
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => return self.is_slow(),
                Err(_) => {
                    // The connection is broken: nothing can be told to anybody.
                    self.pieces = VecDeque::new();
                    (self.offset, self.bytes) = (0, self.held.iter().map(|piece| piece.bytes.len()).sum());
                    (self.is_broken, self.is_ending) = (true, true);
                    return self.is_slow();
                }
            }
        }
        self.slow = None;
        self.shrink();
    }

    fn is_slow(&mut self) {
        self.slow.get_or_insert_with(Slow::begins);
    }

    fn wrote(&mut self, mut bytes: usize) {
        self.bytes -= bytes;
        self.took(bytes);
        while let Some(first) = self.pieces.front() {
            let left = first.bytes.len() - self.offset;
            if bytes < left {
                self.offset += bytes;
                return;
            }
            bytes -= left;
            self.offset = 0;
            self.pieces.pop_front();
        }
    }

    fn took(&mut self, bytes: usize) {
        if self.pieces.is_empty() {
            self.slow = None;
            self.shrink();
        } else if let Some(slow) = &mut self.slow {
            slow.takes(bytes);
        }
    }

    /// A socket that was busy once does not keep the room for it.
    fn shrink(&mut self) {
        if self.pieces.capacity() > KEPT_PIECES {
            self.pieces = VecDeque::new();
        }
    }
}
