//! A device's end of the feed.

use crate::http::Http;
use crate::person::Person;
use crate::wait::{eventually, soon};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An open socket.
pub struct Feed {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    http: Http,
    /// `ready`'s data.
    pub ready: Value,
    /// What a client stores for a resume: the position of `ready`, then of each frame that is the last of its event.
    pub position: String,
    /// Ephemeral frames that came and nobody asked for yet.
    told: VecDeque<Value>,
    /// Other frames that came while an ephemeral one was waited for.
    later: VecDeque<Value>,
}

impl Feed {
    /// Connects with an Authorization header and reads `hello`.
    pub async fn connects(person: &Person) -> Self {
        Self::connects_to(&person.http, Some(&person.token)).await
    }

    /// Connects, with a token or without.
    pub async fn connects_to(http: &Http, token: Option<&str>) -> Self {
        Self::connects_at(http, "/v1/feed", token).await.expect("a socket")
    }

    /// The same at an address of its own.
    ///
    /// # Errors
    /// With the status when that is no 101.
    pub async fn connects_at(http: &Http, path: &str, token: Option<&str>) -> Result<Self, u16> {
        let address = format!("{}{path}", http.base.replacen("http", "ws", 1));
        let mut request = address.into_client_request().expect("a request");
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        }
        let socket = match soon("a socket", connect_async(request)).await {
            Ok((socket, _)) => socket,
            Err(tokio_tungstenite::tungstenite::Error::Http(refused)) => return Err(refused.status().as_u16()),
            Err(fault) => panic!("no socket: {fault}"),
        };
        let mut feed = Self {
            socket,
            http: http.clone(),
            ready: Value::Null,
            position: "0".to_owned(),
            told: VecDeque::new(),
            later: VecDeque::new(),
        };
        let hello = feed.next().await;
        assert_eq!(hello["op"], "hello", "{hello}");
        Ok(feed)
    }

    /// Everything from now on: from after what anybody was told so far, which over NATS the server may learn a moment
    /// later than the log has it.
    pub async fn identifies(person: &Person) -> Self {
        let told = person.http.seen();
        let connect = async || {
            let mut feed = Self::connects(person).await;
            feed.send(&json!({"op": "identify"})).await;
            feed.is_ready().await;
            if number(&feed.ready["position"]) >= told {
                return Some(feed);
            }
            feed.closes().await;
            None
        };
        eventually("a feed from now on", connect).await
    }

    /// Everything after a position; `resumed` or `reset` is the next frame.
    pub async fn resumes(person: &Person, position: &str) -> Self {
        let mut feed = Self::connects(person).await;
        feed.send(&json!({"op": "resume", "position": position})).await;
        feed.is_ready().await;
        feed.position = position.to_owned();
        feed
    }

    /// Waits for `ready`.
    pub async fn is_ready(&mut self) {
        self.ready = self.next().await;
        assert_eq!(self.ready["op"], "ready", "{}", self.ready);
        self.position = self.ready["position"].as_str().expect("a position").to_owned();
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Sends anything.
    pub async fn send_raw(&mut self, message: Message) {
        soon("a frame is sent", self.socket.send(message)).await.expect("an open socket");
    }

    /// The next frame, whatever it is.
    ///
    /// # Panics
    /// When the socket ends instead.
    pub async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err((code, reason)) => panic!("the socket was closed: {code} {reason}"),
        }
    }

    /// The data of the next ephemeral frame of this type, whatever comes before it.
    pub async fn ephemeral(&mut self, kind: &str) -> Value {
        loop {
            while let Some(frame) = self.told.pop_front() {
                if frame["type"] == kind {
                    return frame["data"].clone();
                }
            }
            match self.next_of_all().await {
                Ok(frame) if frame["op"] == "ephemeral" => self.told.push_back(frame),
                Ok(frame) => self.later.push_back(frame),
                Err((code, reason)) => panic!("the socket was closed: {code} {reason}"),
            }
        }
    }

    /// Whether an ephemeral frame of this type came until the next heartbeat was answered.
    pub async fn was_told(&mut self, kind: &str) -> bool {
        self.send(&json!({"op": "heartbeat"})).await;
        while self.next().await["op"] != "heartbeat_ack" {}
        self.told.iter().any(|frame| frame["type"] == kind)
    }

    /// The next frame, or how the server closed. Ephemeral frames are put aside.
    ///
    /// # Errors
    /// With code and reason when the server closed.
    pub async fn next_or_close(&mut self) -> Result<Value, (u16, String)> {
        if let Some(frame) = self.later.pop_front() {
            return Ok(frame);
        }
        loop {
            let frame = self.next_of_all().await?;
            if frame["op"] != "ephemeral" {
                return Ok(frame);
            }
            self.told.push_back(frame);
        }
    }

    async fn next_of_all(&mut self) -> Result<Value, (u16, String)> {
        loop {
            match soon("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("a frame in JSON");
                    if frame["op"] == "event" && frame["last"] == true {
                        self.position = frame["position"].as_str().expect("a position").to_owned();
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(Some(close)))) => return Err((close.code.into(), close.reason.to_string())),
                Some(Ok(other)) => panic!("an unexpected frame: {other:?}"),
                Some(Err(fault)) => return Err((1006, fault.to_string())),
                None => return Err((1006, "closed without a reason".to_owned())),
            }
        }
    }

    /// Reads until the server closes, and gives code and reason.
    pub async fn is_closed(&mut self) -> (u16, String) {
        loop {
            if let Err(close) = self.next_or_close().await {
                return close;
            }
        }
    }

    /// The data of the next event of this type; events before it are passed over, a `bye` is not.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            assert_ne!(frame["op"], "bye", "{frame}");
            if frame["op"] == "event" && frame["type"] == kind {
                return frame["data"].clone();
            }
        }
    }

    /// Every event up to and with the first that fits.
    pub async fn events_until(&mut self, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["op"] != "event" {
                continue;
            }
            let found = is_it(&frame);
            events.push(frame);
            if found {
                return events;
            }
        }
    }

    /// Every event up to and with the position, which the caller knows to be visible here.
    pub async fn events_to(&mut self, position: u64) -> Vec<Value> {
        self.events_until(|frame| frame["last"] == true && number(&frame["position"]) >= position).await
    }

    /// After `resume`: what was missed.
    pub async fn catches_up(&mut self) -> Vec<Value> {
        let resumed = self.next().await;
        assert_eq!(resumed["op"], "resumed", "{resumed}");
        let mut missed = Vec::new();
        loop {
            let frame = self.next().await;
            match frame["op"].as_str() {
                Some("event") => missed.push(frame),
                Some("caught_up") => {
                    assert_eq!(frame["replayed"], missed.len(), "{frame}");
                    return missed;
                }
                _ => panic!("an unexpected frame: {frame}"),
            }
        }
    }

    /// Sends a command and gives its `ack` or `reject`, and the events that came before it.
    pub async fn command(&mut self, name: &str, key: Option<&str>, body: Value) -> Value {
        let mut frame = json!({"op": "command", "ref": "r1", "name": name, "body": body});
        if let Some(key) = key {
            frame["idempotency_key"] = json!(key);
        }
        self.send(&frame).await;
        loop {
            let frame = self.next().await;
            if frame["op"] == "ack" || frame["op"] == "reject" {
                assert_eq!(frame["ref"], "r1", "{frame}");
                if frame["op"] == "ack" {
                    self.http.saw(number(&frame["position"]));
                }
                return frame;
            }
        }
    }

    /// Closes from this side.
    pub async fn closes(mut self) {
        // The server may have closed first.
        self.socket.close(None).await.ok();
    }

    /// A text frame that is no UTF-8, as a raw message.
    pub fn not_text() -> Message {
        Message::Binary(Bytes::from_static(b"\xff\xfe{}"))
    }
}

/// A position as a number.
pub fn number(position: &Value) -> u64 {
    position.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no position: {position}"))
}
