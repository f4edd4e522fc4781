//! Cursors of lists: nobody can make one up.

use api::http::cursor::Cursors;
use commands::log::clear_words::ClearWords;
use domain::ids::{AccountId, LogId};
use uuid::Uuid;

/// A text is taken only if this list has made it.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let id = Uuid::from_u128(1);
    let cursors = Cursors { words: &ClearWords, log: LogId::new(id), reader: AccountId::new(id), list: "inbox" };
    if let Ok(place) = cursors.open::<8>(text) {
        assert_eq!(cursors.make(&place), text, "a made-up cursor was taken");
    }
    if let Ok(place) = <[u8; 8]>::try_from(bytes.get(..8).unwrap_or_default()) {
        let made = cursors.make(&place);
        assert_eq!(cursors.open::<8>(&made).expect("its own cursor"), place);
    }
}
