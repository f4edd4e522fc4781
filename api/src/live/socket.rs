//! One socket: greeting, what was missed, then live events, commands and heartbeats, in one task.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::live::close::Close;
use crate::live::command::carry_out;
use crate::live::frame::Frame;
use crate::live::join::{JoinFault, Joined};
use crate::live::op::Op;
use crate::live::replay::{FromIndex, FromLog};
use crate::live::router::Live;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use domain::ids::{LogId, Position};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How often a heartbeat is expected; two may be missed.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a client may take to say who it is.
const GREETING: Duration = Duration::from_secs(10);
/// How long one flush may take.
const WRITE: Duration = Duration::from_secs(60);
/// How long goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long commands that were begun may take once the server stops.
const LAST_COMMANDS: Duration = Duration::from_secs(5);
/// Commands of one socket that are carried out at a time; while there are as many, nothing more is read from it.
const COMMANDS_MAX: usize = 32;
/// A resume joins the tail once no more than this is missed: what comes meanwhile must fit into the outbox.
const JOIN_MAX_MISSED: usize = 1_000;

/// Why a socket ends.
enum End {
    /// The client went, or the connection broke.
    Gone,
    /// We close it.
    Close(Close),
}

impl From<JoinFault> for End {
    fn from(fault: JoinFault) -> Self {
        if matches!(fault, JoinFault::TooMany) {
            return End::Close(Close::TooMany);
        }
        tracing::warn!(error = %fault, cause = ?std::error::Error::source(&fault), "a socket could not be served");
        End::Close(Close::Unavailable)
    }
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        End::Close(close)
    }
}

/// Serves a socket until it ends. `caller` is known already when the request had an Authorization header.
pub async fn serve(app: Arc<App>, socket: WebSocket, caller: Option<Caller>) {
    let live = Arc::clone(&app.live);
    let _open = live.sockets.token();
    let mut socket = Socket { app, live, socket, is_deaf: false };
    let ended = socket.serve(caller).await;
    if let Err(End::Close(close)) = ended {
        metrics::counter!("feed_closes_total", "code" => close.code().to_string()).increment(1);
        socket.say_goodbye(close).await;
    } else {
        metrics::counter!("feed_closes_total", "code" => "gone").increment(1);
    }
}

/// What a client starts with.
struct Greeting {
    caller: Caller,
    /// Where to go on; none starts with what comes.
    resume: Option<(Position, Option<LogId>)>,
}

struct Socket {
    app: Arc<App>,
    live: Arc<Live>,
    socket: WebSocket,
    /// Nothing more can be read.
    is_deaf: bool,
}

impl Socket {
    async fn serve(&mut self, caller: Option<Caller>) -> Result<(), End> {
        let closing = self.live.closing.clone();
        let greeting = tokio::select! {
            greeting = timeout(GREETING, self.greet(caller)) => greeting.map_err(|_| Close::BadToken)??,
            () = closing.cancelled() => return Err(Close::Shutdown.into()),
        };
        let joined = tokio::select! {
            joined = self.start(&greeting) => joined?,
            () = closing.cancelled() => return Err(Close::Shutdown.into()),
        };
        self.follow(greeting.caller, &joined).await
    }

    /// Says hello and waits for `identify` or `resume`.
    async fn greet(&mut self, known: Option<Caller>) -> Result<Greeting, End> {
        let hello = Frame::Hello { heartbeat_ms: HEARTBEAT.as_millis() as u64, server_time: self.live.clock.now() };
        self.write(&mut vec![hello.text()]).await?;
        loop {
            let Some(op) = self.read().await? else { continue };
            let (token, resume) = match op {
                Op::Identify { token } => (token, None),
                Op::Resume { position, log_id, token } => (token, Some((position, log_id))),
                Op::Heartbeat => {
                    self.write(&mut vec![Frame::HeartbeatAck.text()]).await?;
                    continue;
                }
                Op::Later | Op::Command(_) => return Err(Close::BadFrame.into()),
            };
            let caller = match token {
                Some(token) => self.app.tokens.verify(&token, self.app.clock.now()).ok(),
                None => known,
            };
            return caller.map(|caller| Greeting { caller, resume }).ok_or(Close::BadToken.into());
        }
    }

    /// Joins the tail, after what was missed.
    async fn start(&mut self, greeting: &Greeting) -> Result<Joined, End> {
        let caller = greeting.caller;
        let Some((from, log_id)) = greeting.resume else {
            let joined = self.live.join(caller.account).await?;
            self.ready(caller, joined.position, None).await?;
            return Ok(joined);
        };
        if let Some(reason) = self.live.reset(caller.account, from, log_id).await? {
            let joined = self.live.join(caller.account).await?;
            self.ready(caller, joined.position, Some(Frame::Reset { reason })).await?;
            return Ok(joined);
        }
        self.ready(caller, self.live.position().max(from), Some(Frame::Resumed { from })).await?;
        self.resume(caller, from).await
    }

    async fn ready(&mut self, caller: Caller, position: Position, then: Option<Frame<'_>>) -> Result<(), End> {
        let ready = Frame::Ready {
            session_id: caller.session,
            account_id: caller.account,
            log_id: self.live.log_id(),
            position,
        };
        self.write(&mut [Some(ready), then].into_iter().flatten().map(|frame| frame.text()).collect()).await
    }

    async fn resume(&mut self, caller: Caller, from: Position) -> Result<Joined, End> {
        let (live, account) = (Arc::clone(&self.live), caller.account);
        let mut replayed = 0;
        // Most of it before joining, so that what comes meanwhile need not wait in the outbox for long.
        let mut sent_up_to = from;
        loop {
            let known = live.index.seen_by(account).await.map_err(JoinFault::from)?.position;
            let known = live.start_of_unit(known).await.map_err(JoinFault::from)?;
            let missed = live.index.missed_count(account, sent_up_to, known, JOIN_MAX_MISSED + 1).await;
            if missed.map_err(JoinFault::from)? <= JOIN_MAX_MISSED {
                break;
            }
            replayed += self.send_missed(FromIndex::new(account, sent_up_to, known)).await?;
            sent_up_to = known;
        }
        let joined = live.join(account).await?;
        let known = live.start_of_unit(joined.seen.position).await.map_err(JoinFault::from)?;
        replayed += self.send_missed(FromIndex::new(account, sent_up_to, known)).await?;
        let conversations = joined.seen.conversations.clone();
        let mut rest = FromLog::new(account, from, known, conversations, joined.position);
        while let Some(mut frames) = rest.next(&live).await? {
            replayed += frames.len() as u64;
            self.write(&mut frames).await?;
        }
        let conversations = rest.into_conversations();
        let mut frames = live.read_marks(account, &conversations, joined.position).await?;
        replayed += frames.len() as u64;
        frames.push(Frame::CaughtUp { position: joined.position, replayed }.text());
        self.write(&mut frames).await?;
        Ok(joined)
    }

    async fn send_missed(&mut self, mut missed: FromIndex) -> Result<u64, End> {
        let mut count = 0;
        while let Some(mut frames) = missed.next(&self.live).await? {
            count += frames.len() as u64;
            self.write(&mut frames).await?;
        }
        Ok(count)
    }

    /// Live events, commands and heartbeats until something ends it.
    async fn follow(&mut self, caller: Caller, joined: &Joined) -> Result<(), End> {
        let closing = self.live.closing.clone();
        let mut commands: FuturesOrdered<BoxFuture<'static, Utf8Bytes>> = FuturesOrdered::new();
        let mut frames = Vec::new();
        let patience = HEARTBEAT * 2 + GREETING;
        let silence = sleep(patience);
        tokio::pin!(silence);
        loop {
            joined.outbox.take(&mut frames)?;
            if !frames.is_empty() {
                tokio::select! {
                    written = self.write(&mut frames) => written?,
                    close = joined.outbox.closing() => return Err(close.into()),
                }
                continue;
            }
            tokio::select! {
                () = joined.outbox.filled() => {}
                Some(answer) = commands.next(), if !commands.is_empty() => frames.push(answer),
                op = self.read(), if commands.len() < COMMANDS_MAX => {
                    silence.as_mut().reset(Instant::now() + patience);
                    match op? {
                        Some(Op::Heartbeat) => frames.push(Frame::HeartbeatAck.text()),
                        Some(Op::Command(command)) => {
                            commands.push_back(Box::pin(carry_out(Arc::clone(&self.app), caller, command)));
                        }
                        Some(Op::Later) | None => {}
                        Some(Op::Identify { .. } | Op::Resume { .. }) => return Err(Close::BadFrame.into()),
                    }
                }
                () = &mut silence => return Err(Close::HeartbeatMissed.into()),
                () = closing.cancelled() => {
                    // What was begun is answered; more is not taken.
                    if timeout(LAST_COMMANDS, async {
                        while let Some(answer) = commands.next().await {
                            frames.push(answer);
                        }
                    }).await.is_err() {
                        tracing::warn!("commands of a socket were not answered before the end");
                    }
                    self.write(&mut frames).await?;
                    return Err(Close::Shutdown.into());
                }
            }
        }
    }

    /// The next frame of the client; none for one of the protocol's own.
    async fn read(&mut self) -> Result<Option<Op>, End> {
        match self.socket.recv().await {
            Some(Ok(Message::Text(text))) => Ok(Some(Op::parse(&text).map_err(|_| Close::BadFrame)?)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Binary(_))) => Err(Close::BadFrame.into()),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            // Too long, not UTF-8, not the protocol: all of these are frames that are none. If the connection broke,
            // the goodbye goes nowhere.
            Some(Err(fault)) => {
                tracing::debug!(error = %fault, "a socket could not be read");
                self.is_deaf = true;
                Err(Close::BadFrame.into())
            }
        }
    }

    /// Writes everything and flushes once.
    async fn write(&mut self, frames: &mut Vec<Utf8Bytes>) -> Result<(), End> {
        let socket = &mut self.socket;
        let written = timeout(WRITE, async {
            for frame in frames.drain(..) {
                socket.feed(Message::Text(frame)).await?;
            }
            socket.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(Close::TooSlow.into()),
        }
    }

    async fn say_goodbye(&mut self, close: Close) {
        let bye = Message::Text(Frame::bye(close).text());
        let frame = CloseFrame { code: close.code(), reason: Utf8Bytes::from_static(close.reason()) };
        let said = timeout(GOODBYE, async {
            self.socket.feed(bye).await?;
            self.socket.send(Message::Close(Some(frame))).await?;
            if self.is_deaf {
                // Closing over what is unread would take the goodbye from the client, too.
                std::future::pending::<()>().await;
            }
            // The client's own closing frame ends the connection in an orderly way.
            while let Some(Ok(_)) = self.socket.recv().await {}
            Ok::<(), axum::Error>(())
        });
        match said.await {
            Ok(Ok(())) => {}
            Err(_) if self.is_deaf => {}
            Ok(Err(_)) | Err(_) => tracing::debug!(code = close.code(), "a socket was closed without its client"),
        }
    }
}
