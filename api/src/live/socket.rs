//! One socket: greeting, what was missed, then live events, commands and heartbeats, in one task.
//!
//! Ten thousand of them may be idle: what is rare and large (resuming, goodbye) is boxed, so that a task keeps little.

use crate::auth::caller::Caller;
use crate::auth::lasting::Over;
use crate::live::catch_up::CatchUp;
use crate::live::close::Close;
use crate::live::frame::Frame;
use crate::live::join::{JoinFault, Joined};
use crate::live::line::{End, Line, writable};
use crate::live::meters;
use crate::live::op::Op;
use crate::live::outbox::{Outbox, Standing};
use crate::live::pace::Pace;
use crate::live::router::Live;
use crate::live::service::Service;
use crate::live::wire::Wire;
use domain::ids::{LogId, Position};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// How often a heartbeat is expected; two may be missed.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a client may take to say who it is.
const GREETING: Duration = Duration::from_secs(10);
/// How long one may hear nothing from a client.
const PATIENCE: Duration = Duration::from_secs(30 * 2 + 10);
/// How long commands that were begun may take once the server stops.
const LAST_COMMANDS: Duration = Duration::from_secs(5);
/// Commands of one socket that are carried out at a time; while there are as many, nothing more is read from it.
const COMMANDS_MAX: usize = 32;
/// While as much waits to be written, nothing more is read.
const UNREAD_MAX_BYTES: usize = 64 << 10;

impl From<JoinFault> for End {
    fn from(fault: JoinFault) -> Self {
        if matches!(fault, JoinFault::TooMany) {
            return End::Close(Close::TooMany);
        }
        tracing::warn!(error = %fault, cause = ?std::error::Error::source(&fault), "a socket could not be served");
        End::Close(Close::Unavailable)
    }
}

/// Serves a socket until it ends. `caller` is known already when the request said who asks.
pub async fn serve<S: Service>(service: Arc<S>, stream: TcpStream, read: Vec<u8>, caller: Option<Caller>) {
    let live = Arc::clone(service.live());
    let stream = Arc::new(stream);
    let outbox = Arc::new(Outbox::new(Some(Arc::clone(&stream)), Arc::clone(&live.meters)));
    let line = Line::new(stream, &read, outbox);
    drop(read);
    let mut socket = Socket { service, live, line };
    let end = match Box::pin(socket.begin(caller)).await {
        Ok(Begun { caller, joined, session }) => tokio::select! {
            end = socket.follow(caller, joined) => end,
            over = session => Close::from(over).into(),
        },
        Err(end) => end,
    };
    meters::count_end(match end {
        End::Close(close) => Some(close),
        End::Gone => None,
    });
    if let End::Close(close) = end {
        Box::pin(socket.line.say_goodbye(close)).await;
    }
}

/// What a client starts with.
struct Greeting {
    caller: Caller,
    /// Where to go on; none starts with what comes.
    resume: Option<(Position, Option<LogId>)>,
}

/// What a socket goes on with once it was sent what it missed.
struct Begun {
    caller: Caller,
    joined: Joined,
    /// Ends with the caller's session.
    session: BoxFuture<'static, Over>,
}

struct Socket<S> {
    service: Arc<S>,
    live: Arc<Live>,
    line: Line,
}

impl<S: Service> Socket<S> {
    /// From `hello` to the last frame that was missed.
    async fn begin(&mut self, known: Option<Caller>) -> Result<Begun, End> {
        let closing = self.live.closing.clone();
        let service = Arc::clone(&self.service);
        tokio::select! {
            begun = async {
                let greeting = timeout(GREETING, self.greet(known)).await.map_err(|_| Close::BadToken)??;
                let mut session = service.lasting(greeting.caller);
                let joined = tokio::select! {
                    joined = self.start(&greeting) => joined?,
                    over = &mut session => return Err(Close::from(over).into()),
                };
                self.line.outbox.open();
                Ok(Begun { caller: greeting.caller, joined, session })
            } => begun,
            () = closing.cancelled() => Err(Close::Shutdown.into()),
        }
    }

    /// Says hello and waits for `identify` or `resume`.
    async fn greet(&mut self, known: Option<Caller>) -> Result<Greeting, End> {
        let hello = Frame::Hello { heartbeat_ms: HEARTBEAT.as_millis() as u64, server_time: self.live.clock.now() };
        self.line.tell(&[hello.wire()]).await?;
        loop {
            let Some(op) = self.line.read().await? else { continue };
            let (token, resume) = match op {
                Op::Identify { token } => (token, None),
                Op::Resume { position, log_id, token } => (token, Some((position, log_id))),
                Op::Heartbeat => {
                    self.line.tell(&[Frame::HeartbeatAck.wire()]).await?;
                    continue;
                }
                Op::Typing { .. } | Op::Focus { .. } | Op::Command(_) => return Err(Close::BadFrame.into()),
            };
            let caller = match token {
                Some(token) => self.service.caller(&token),
                None => known,
            };
            return caller.map(|caller| Greeting { caller, resume }).ok_or(Close::BadToken.into());
        }
    }

    /// Joins the tail, after what was missed.
    async fn start(&mut self, greeting: &Greeting) -> Result<Joined, End> {
        let caller = greeting.caller;
        self.line.outbox.belongs_to(caller.session);
        let Some((from, log_id)) = greeting.resume else {
            let (joined, _) = self.live.join(caller.account, &self.line.outbox).await?;
            self.ready(caller, joined.position, None).await?;
            return Ok(joined);
        };
        if let Some(reason) = self.live.reset(caller.account, from, log_id).await? {
            let (joined, _) = self.live.join(caller.account, &self.line.outbox).await?;
            self.ready(caller, joined.position, Some(Frame::Reset { reason })).await?;
            return Ok(joined);
        }
        self.ready(caller, self.live.position().max(from), Some(Frame::Resumed { from })).await?;
        let (joined, replayed) = self.catch_up(caller, from).await?;
        self.line.tell(&[Frame::CaughtUp { position: joined.position, replayed }.wire()]).await?;
        Ok(joined)
    }

    async fn ready(&self, caller: Caller, position: Position, then: Option<Frame<'_>>) -> Result<(), End> {
        let ready = Frame::Ready {
            session_id: caller.session,
            account_id: caller.account,
            log_id: self.live.log_id(),
            position,
        };
        let frames: Vec<Wire> = [Some(ready), then].into_iter().flatten().map(|frame| frame.wire()).collect();
        self.line.tell(&frames).await
    }

    /// Sends everything after a position and joins the tail.
    async fn catch_up(&self, caller: Caller, from: Position) -> Result<(Joined, u64), End> {
        let mut missed = CatchUp::new(caller.account, from);
        while let Some(page) = missed.next(&self.live, &self.line.outbox).await? {
            self.line.tell(&page.frames).await?;
        }
        let replayed = missed.replayed;
        missed.into_joined().map(|joined| (joined, replayed)).ok_or(End::Close(Close::Unavailable))
    }

    /// After its queue was full: what was left out comes from the log, as in a resume.
    async fn catch_up_again(&self, caller: Caller, from: Position) -> Result<Joined, End> {
        let (joined, _) = self.catch_up(caller, from).await?;
        self.line.outbox.open();
        Ok(joined)
    }

    /// Live events, commands and heartbeats until something ends it.
    async fn follow(&mut self, caller: Caller, joined: Joined) -> End {
        let mut joined = Some(joined);
        let (closing, outbox, stream) = (self.live.closing.clone(), Arc::clone(&self.line.outbox), self.line.stream());
        let mut commands: FuturesOrdered<BoxFuture<'static, Wire>> = FuturesOrdered::new();
        let mut typing = Pace::default();
        self.live.ephemerals.came(caller.account, &outbox);
        let mut heard_until = Instant::now() + PATIENCE;
        let alarm = sleep(PATIENCE);
        tokio::pin!(alarm);
        loop {
            let is_waiting = match outbox.standing() {
                Standing::Idle => false,
                Standing::Waiting(until) => {
                    if until < alarm.deadline() {
                        alarm.as_mut().reset(until);
                    }
                    true
                }
                Standing::Lagging(from) => {
                    drop(joined.take());
                    let caught_up = tokio::select! {
                        caught_up = Box::pin(self.catch_up_again(caller, from)) => caught_up,
                        () = closing.cancelled() => return Close::Shutdown.into(),
                    };
                    match caught_up {
                        Ok(again) => {
                            joined = Some(again);
                            self.live.ephemerals.looked(caller.account);
                        }
                        Err(end) => return end,
                    }
                    continue;
                }
                Standing::Closing(close) => return close.into(),
                Standing::Broken => return End::Gone,
            };
            let may_read = commands.len() < COMMANDS_MAX && outbox.bytes() < UNREAD_MAX_BYTES;
            tokio::select! {
                // In this order: what a client said in time counts before the alarm that it did not.
                biased;
                () = closing.cancelled() => {
                    drop(joined);
                    // What was begun is answered; more is not taken.
                    if timeout(LAST_COMMANDS, async {
                        while let Some(answer) = commands.next().await {
                            outbox.say(&answer);
                        }
                    }).await.is_err() {
                        tracing::warn!("commands of a socket were not answered before the end");
                    }
                    if let Err(end) = self.line.drained(0).await {
                        return end;
                    }
                    return Close::Shutdown.into();
                }
                () = outbox.changed() => {}
                () = writable(&stream), if is_waiting => outbox.write(),
                Some(answer) = commands.next(), if !commands.is_empty() => outbox.say(&answer),
                op = self.line.read(), if may_read => {
                    heard_until = Instant::now() + PATIENCE;
                    match op {
                        Ok(Some(Op::Heartbeat)) => outbox.say(&Frame::HeartbeatAck.wire()),
                        Ok(Some(Op::Command(command))) => {
                            commands.push_back(Arc::clone(&self.service).carry_out(caller, command));
                        }
                        Ok(Some(Op::Typing { conversation })) => {
                            if typing.may_act() {
                                Box::pin(self.live.typing(caller.account, conversation)).await;
                            }
                        }
                        Ok(Some(Op::Focus { visible })) => self.live.focus(caller.account, &outbox, visible),
                        Ok(None) => {}
                        Ok(Some(Op::Identify { .. } | Op::Resume { .. })) => return Close::BadFrame.into(),
                        Err(end) => return end,
                    }
                    // A client that never pauses does not keep others from their turn.
                    tokio::task::consume_budget().await;
                }
                () = &mut alarm => {
                    let now = Instant::now();
                    if now >= heard_until {
                        return Close::HeartbeatMissed.into();
                    }
                    match outbox.standing() {
                        Standing::Waiting(until) if now >= until && outbox.is_too_slow() => {
                            return Close::TooSlow.into();
                        }
                        Standing::Waiting(until) => alarm.as_mut().reset(until.min(heard_until)),
                        Standing::Idle | Standing::Lagging(_) | Standing::Closing(_) | Standing::Broken => {
                            alarm.as_mut().reset(heard_until);
                        }
                    }
                }
            }
        }
    }
}
