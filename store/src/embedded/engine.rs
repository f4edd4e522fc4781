//! The raw engine: streams of bytes with an envelope. It knows nothing of domain events.

use super::ahead::{self, Ahead};
use super::append::{self, RawAppended, RawUnit, Request, Waiter};
use super::commit::Commit;
use super::disk::{Mode, make_dirs};
use super::fault::OpenFault;
use super::head::{End, Head};
use super::header::Header;
use super::history::History;
use super::judge::Batch;
use super::keeper::{Keeper, Worker};
use super::marks::{Hidden, MarksFile};
use super::open::{self, Opened, Report};
use super::options::Options;
use super::reclaim::{ReclaimFault, Reclaimed};
use super::sealer::Sealer;
use super::segment::segment_name;
use super::writer::{QUEUE_MAX_REQUESTS, Writer};
use crate::scheduling::answer_in_short_slices;
use commands::log::LogFault;
use domain::ids::{EventId, Position};
use domain::source::SourceFault;
use domain::stream::StreamName;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

/// The lock file's name. It is empty; only its lock counts.
pub const LOCK_FILE: &str = "lock";

/// An open log.
pub struct Log {
    history: Arc<History>,
    header: Header,
    report: Report,
    head: watch::Receiver<Head>,
    requests: Option<mpsc::Sender<Request>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// None in a log that is open for reading only.
    keeper: Option<Arc<Worker>>,
}

impl Log {
    /// Opens the log in `dir` for appending, making it if it is missing. One process at a time can have it.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenFault> {
        let (log, mut writer) = Self::assemble(dir, options)?;
        let start = |error| OpenFault::io("starting a thread", error);
        writer.runtime = Handle::try_current().ok();
        writer.commit.ahead.start().map_err(start)?;
        writer.commit.sealer.start().map_err(start)?;
        writer.commit.keeper.start().map_err(start)?;
        let thread = std::thread::Builder::new().name("log-writer".into()).spawn(move || {
            answer_in_short_slices();
            writer.run();
        });
        *log.writer.lock() = Some(thread.map_err(start)?);
        Ok(log)
    }

    /// Everything that [`Log::open`] does but starting its threads: nothing is appended until the writer is driven. So a
    /// simulation can drive the writer and what works beside it on one thread, in an order of its own.
    pub fn assemble(dir: &Path, options: Options) -> Result<(Self, Writer), OpenFault> {
        let disk = Arc::clone(&options.disk);
        make_dirs(&*disk, dir).map_err(|error| OpenFault::io("making the log's directory", error))?;
        let lock = disk.lock(&dir.join(LOCK_FILE)).map_err(|error| OpenFault::io("locking the log", error))?;
        let lock = lock.ok_or(OpenFault::Locked)?;
        // Names that are found are durable from here on: whoever made them may have been stopped before the sync.
        disk.sync_dir(dir).map_err(|error| OpenFault::io("syncing the log's directory", error))?;
        let Opened { header, history, report, marks } = open::open(dir, &options, true)?;
        let history = Arc::new(history);
        let (file, end) = {
            let state = history.state.read();
            (Arc::clone(&state.file), u64::from(state.open.end))
        };
        let start = |doing| move |error| OpenFault::io(doing, error);
        let zeroed = file.size().map_err(start("reading a segment"))?;
        let marks = MarksFile::open(&*disk, dir, &marks)?;
        let dir = dir.to_owned();
        // A file of its own: a write error is told to each open file once, and the writer must not miss its own.
        let first = history.state.read().open.first;
        let ahead = disk.open(&dir.join(segment_name(first)), Mode::Write).map_err(start("opening a segment"))?;
        let zeroing = Ahead::new(Arc::clone(&disk), dir.clone(), options.segment_bytes, ahead, zeroed);
        zeroing.used(end);
        let sealer = Sealer::new(Arc::clone(&disk), dir.clone(), Arc::clone(&history));
        let keeper = Keeper::new(Arc::clone(&disk), dir.clone(), Arc::clone(&history));
        let worker = keeper.worker();
        let (requests, receiver) = mpsc::channel(QUEUE_MAX_REQUESTS);
        let (head_sender, head) = watch::channel(Head { position: history.head(), end: None });
        let commit = Commit {
            history: Arc::clone(&history),
            disk,
            dir,
            segment_bytes: options.segment_bytes,
            capacity: ahead::capacity(zeroed, options.segment_bytes),
            file,
            end,
            failed: None,
            ahead: zeroing,
            sealer,
            keeper,
            marks,
            head: head_sender,
            #[cfg(feature = "mutants")]
            mutant: options.mutant,
        };
        let (batch, waiting) = (Batch::default(), VecDeque::default());
        let writer = Writer { requests: receiver, commit, batch, waiting, lock, runtime: None };
        let log = Self {
            history,
            header,
            report,
            head,
            requests: Some(requests),
            writer: Mutex::new(None),
            keeper: Some(worker),
        };
        Ok((log, writer))
    }

    /// Opens the log in `dir` for reading, as it is now. Takes no lock, changes nothing, and opens damaged logs too. What a
    /// running server is just writing may be seen before it is acknowledged.
    pub fn open_read_only(dir: &Path, options: &Options) -> Result<Self, OpenFault> {
        let Opened { header, history, report, .. } = open::open(dir, options, false)?;
        let (_, head) = watch::channel(Head { position: history.head(), end: Some(End::Closed) });
        let (history, writer) = (Arc::new(history), Mutex::new(None));
        Ok(Self { history, header, report, head, requests: None, writer, keeper: None })
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What opening found.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Everything durable, for reading.
    pub fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// The position of the last durable event.
    pub fn head(&self) -> Position {
        self.history.head()
    }

    /// Tells when the head moves.
    pub fn follow(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    async fn send(&self, request: Request) -> Result<(), LogFault> {
        let requests = self.requests.as_ref().ok_or(LogFault::Closed)?;
        requests.send(request).await.map_err(|_| LogFault::Closed)
    }

    /// Appends units, each atomic, judged in order. Answers when every committed unit is durable.
    pub async fn append(&self, units: Vec<RawUnit>) -> Result<Vec<RawAppended>, LogFault> {
        let (waiter, answer) = oneshot::channel();
        self.append_for(units, Box::new(waiter)).await?;
        answer.await.map_err(|_| LogFault::Closed)?
    }

    /// Appends units and has `waiter` told. After an error here it is told nothing.
    pub async fn append_for(&self, units: Vec<RawUnit>, waiter: Box<dyn Waiter>) -> Result<(), LogFault> {
        append::check_shape(&units)?;
        self.send(Request::Append { units, waiter }).await
    }

    /// Hides every event of the stream before a revision, or deletes it for good, durably. Never moves back.
    pub async fn hide(&self, stream: StreamName, hidden: Hidden) -> Result<(), LogFault> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Hide { stream, hidden, answer }).await?;
        answered.await.map_err(|_| LogFault::Closed)?
    }

    /// The positions of the events with these ids, remembered for at least
    /// [`domain::limits::IDEMPOTENCY_KEY_LIFE_SECONDS`].
    pub fn find(&self, ids: &[EventId]) -> Result<Vec<Option<Position>>, SourceFault> {
        let since = self.history.ids_since();
        let state = self.history.state.read();
        ids.iter().map(|id| self.history.find(&state, *id, since)).collect()
    }

    /// The newest revision of each stream, whatever retention hides.
    pub fn revisions(&self, streams: &[StreamName]) -> Result<Vec<Option<u64>>, SourceFault> {
        let state = self.history.state.read();
        streams.iter().map(|stream| self.history.revision(&state, stream)).collect()
    }

    /// Gives the bytes of what nobody reads any more back to the disk, as fast as it can; waits for the disk. `go_on` is told
    /// how many bytes were read or written and says whether to go on. The log can be used meanwhile.
    pub fn reclaim(&self, go_on: impl Fn(u64) -> bool) -> Result<Reclaimed, ReclaimFault> {
        self.keeper.as_ref().ok_or(ReclaimFault::NotOpen)?.reclaim(true, go_on)
    }

    /// What works beside the writer, to drive it in a simulation.
    pub fn keeper(&self) -> Option<&Arc<Worker>> {
        self.keeper.as_ref()
    }

    /// Finishes what was appended before and closes the log; what is appended after is answered [`LogFault::Closed`].
    /// Reading goes on working. The directory's lock is free afterwards.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.send(Request::Close(done)).await.is_ok() {
            // An error says that the writer has stopped already, which is what was asked for.
            drop(closed.await);
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.lock().take() {
            // A panic of the thread was printed when it happened; there is nothing left to tidy.
            drop(writer.join());
        }
    }
}
