//! Frames as bytes. A frame is encoded once, header and all (RFC 6455, 5.2), and the same bytes go to everybody who may
//! see it: nothing is copied or encoded for a socket.

use bytes::Bytes;
use domain::ids::Position;
use serde::Serialize;

/// A final text frame without a mask.
const TEXT: u8 = 0x81;
/// The longest header of a frame that a server sends.
const HEADER_MAX_BYTES: usize = 10;
/// Frames are packed together up to this many bytes; a longer one stands alone.
const PACK_MAX_BYTES: usize = 32 << 10;

/// Text frames as they go over a WebSocket. A clone copies nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire(Bytes);

impl Wire {
    /// One frame with a value as JSON.
    pub fn json(value: &impl Serialize) -> Self {
        let mut bytes = vec![0; HEADER_MAX_BYTES];
        // Nothing in a frame can fail to be written: its maps have text keys and its numbers are finite.
        if serde_json::to_writer(&mut bytes, value).is_err() {
            bytes.truncate(HEADER_MAX_BYTES);
        }
        let (header, len) = header(bytes.len() - HEADER_MAX_BYTES);
        let start = HEADER_MAX_BYTES - len;
        bytes[start..HEADER_MAX_BYTES].copy_from_slice(&header[..len]);
        Self(Bytes::from(bytes).slice(start..))
    }

    /// What the protocol itself sends: closing frames and pongs.
    pub fn control(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// How many these are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of each frame, without the headers.
    pub fn texts(&self) -> Texts {
        Texts(self.0.clone())
    }
}

/// Frames packed together for sockets that get all of them one after the other: one write is enough. Each has the
/// position of its event, each pack that of its last.
pub fn pack(frames: impl IntoIterator<Item = (Position, Wire)>) -> Vec<(Position, Wire)> {
    let mut packs = Vec::new();
    let (mut open, mut bytes, mut last) = (Vec::new(), 0, Position::START);
    for (position, frame) in frames {
        if bytes + frame.len() > PACK_MAX_BYTES && !open.is_empty() {
            packs.push((last, join(&mut open, bytes)));
            bytes = 0;
        }
        bytes += frame.len();
        last = position;
        open.push(frame);
    }
    if !open.is_empty() {
        packs.push((last, join(&mut open, bytes)));
    }
    packs
}

fn join(frames: &mut Vec<Wire>, bytes: usize) -> Wire {
    if frames.len() == 1 {
        return frames.remove(0);
    }
    let mut joined = Vec::with_capacity(bytes);
    frames.drain(..).for_each(|frame| joined.extend_from_slice(&frame.0));
    Wire(joined.into())
}

/// The texts of some frames, one after the other.
pub struct Texts(pub Bytes);

impl Iterator for Texts {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let (skip, len) = match *self.0.get(1)? {
            126 => (4, u64::from(u16::from_be_bytes(self.0.get(2..4)?.try_into().ok()?))),
            127 => (10, u64::from_be_bytes(self.0.get(2..10)?.try_into().ok()?)),
            len => (2, u64::from(len)),
        };
        let end = skip + usize::try_from(len).ok()?;
        let frame = (end <= self.0.len()).then(|| self.0.split_to(end))?;
        Some(frame.slice(skip..))
    }
}

/// The header of a text frame of a server, and how long it is.
fn header(len: usize) -> ([u8; HEADER_MAX_BYTES], usize) {
    let mut header = [0; HEADER_MAX_BYTES];
    header[0] = TEXT;
    if len < 126 {
        header[1] = len as u8;
        (header, 2)
    } else if let Ok(len) = u16::try_from(len) {
        header[1] = 126;
        header[2..4].copy_from_slice(&len.to_be_bytes());
        (header, 4)
    } else {
        header[1] = 127;
        header[2..].copy_from_slice(&(len as u64).to_be_bytes());
        (header, 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tungstenite::protocol::{Message, Role, WebSocketContext};

    /// What a client's library makes of the bytes.
    fn received(wire: &Wire) -> Vec<String> {
        let mut stream = std::io::Cursor::new(wire.bytes().to_vec());
        let mut client = WebSocketContext::new(Role::Client, None);
        let mut texts = Vec::new();
        while let Ok(Message::Text(text)) = client.read(&mut stream) {
            texts.push(text.to_string());
        }
        texts
    }

    #[test]
    fn a_client_reads_frames_of_every_length() {
        for len in [0, 1, 123, 124, 125, 126, 127, 65_532, 65_533, 65_534, 65_535, 65_536, 200_000] {
            let value = "x".repeat(len);
            let wire = Wire::json(&value);
            assert_eq!(received(&wire), [format!("\"{value}\"")], "{len}");
            let texts: Vec<_> = wire.texts().collect();
            assert_eq!(texts, [Bytes::from(format!("\"{value}\""))], "{len}");
        }
    }

    #[test]
    fn packed_frames_stay_apart_and_in_order() {
        let values: Vec<String> = (0..300).map(|n| format!("{n} {}", "y".repeat(n * 3))).collect();
        let packs = pack((1..).map(Position).zip(values.iter().map(Wire::json)));
        let positions: Vec<_> = packs.iter().map(|(position, _)| position.0).collect();
        assert!(positions.is_sorted() && positions.last() == Some(&300), "{positions:?}");
        let packs: Vec<Wire> = packs.into_iter().map(|(_, pack)| pack).collect();
        assert!(packs.len() > 1 && packs.len() < 20, "{}", packs.len());
        assert!(packs.iter().all(|pack| pack.len() <= PACK_MAX_BYTES));
        let expected: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
        assert_eq!(packs.iter().flat_map(received).collect::<Vec<_>>(), expected);
        let texts = packs.iter().flat_map(Wire::texts).map(|text| String::from_utf8(text.to_vec()).unwrap());
        assert_eq!(texts.collect::<Vec<_>>(), expected);
        let long = [Wire::json(&"z".repeat(100_000)), Wire::json(&1)];
        assert_eq!(pack((1..).map(Position).zip(long)).len(), 2);
    }
}
