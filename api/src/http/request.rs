//! What is known of every request: its id and where it came from.

use http::{Extensions, HeaderMap, HeaderValue};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Characters of a client's own request id, at most.
const REQUEST_ID_MAX_CHARACTERS: usize = 128;

/// A request's id: the client's own where it sent one, otherwise made here.
#[derive(Clone, Debug)]
pub struct RequestId {
    /// As it is sent back.
    pub value: HeaderValue,
    /// What stands in the log. Never chosen by a client.
    pub correlation: Uuid,
}

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// The address that a request came from; the unspecified one where it came over no connection.
    pub fn address(extensions: &Extensions) -> IpAddr {
        extensions.get::<Self>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0)
    }
}

/// The place of the connection among those that may be open. Whoever takes the connection over keeps it.
#[derive(Clone, Debug)]
pub struct Place(pub Arc<OwnedSemaphorePermit>);

/// Ends the connection at once, whatever is still to be written.
#[derive(Clone, Debug)]
pub struct Cut(pub CancellationToken);

/// The id of the request with these headers.
pub fn request_id(headers: &HeaderMap) -> RequestId {
    let correlation = Uuid::now_v7();
    let sent = headers.get(super::edge::X_REQUEST_ID).filter(|value| is_plain(value));
    let value = sent.cloned().unwrap_or_else(|| {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = correlation.as_hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown"))
    });
    RequestId { value, correlation }
}

fn is_plain(value: &HeaderValue) -> bool {
    (1..=REQUEST_ID_MAX_CHARACTERS).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_is_kept_and_anything_else_replaced() {
        let id_for = |sent: &'static [u8]| {
            let value = HeaderValue::from_bytes(sent).unwrap();
            request_id(&HeaderMap::from_iter([(super::super::edge::X_REQUEST_ID, value)]))
        };
        assert_eq!(id_for(b"abc-1").value, "abc-1");
        for odd in [b"".as_slice(), b"a b", b"\xff", &[b'x'; 129]] {
            assert_eq!(id_for(odd).value.len(), 36);
        }
        assert_ne!(id_for(b"abc-1").correlation, id_for(b"abc-1").correlation);
    }
}
