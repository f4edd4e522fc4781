//! Cursors of lists: opaque, bound to the list, its filters, its reader and the log, and impossible to make up.

use crate::problem::{Code, Problem};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{AccountId, LogId};
use domain::words::{Purpose, Words};

/// The list that a cursor belongs to.
pub struct Cursors<'a> {
    /// Makes and checks them.
    pub words: &'a dyn Words,
    /// The log that the list was built from.
    pub log: LogId,
    /// Who reads the list.
    pub reader: AccountId,
    /// The list and its filters, in a form that differs when any of them does.
    pub list: &'a str,
}

impl Cursors<'_> {
    /// The cursor that carries these bytes: log, bytes, keyed hash of everything.
    pub fn make(&self, place: &[u8]) -> String {
        let log = self.log.uuid();
        let seal = self.seal(log.as_bytes(), place);
        URL_SAFE_NO_PAD.encode([log.as_bytes().as_slice(), place, seal.as_slice()].concat())
    }

    /// The bytes that a cursor carries.
    ///
    /// # Errors
    /// [`Code::BadCursor`] when it is none of this list, [`Code::LogChanged`] when it is of another log.
    pub fn open<const N: usize>(&self, cursor: &str) -> Result<[u8; N], Problem> {
        self.open_any(cursor)?.try_into().map_err(|_| Problem::new(Code::BadCursor))
    }

    /// The same, of any length.
    ///
    /// # Errors
    /// As [`Cursors::open`].
    pub fn open_any(&self, cursor: &str) -> Result<Vec<u8>, Problem> {
        let bad = || Problem::new(Code::BadCursor);
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let (log, rest) = bytes.split_at_checked(16).ok_or_else(bad)?;
        let (place, seal) = rest.split_last_chunk::<16>().ok_or_else(bad)?;
        if *seal != self.seal(log, place) {
            return Err(bad());
        }
        if log != self.log.uuid().as_bytes() {
            return Err(Problem::new(Code::LogChanged));
        }
        Ok(place.to_vec())
    }

    fn seal(&self, log: &[u8], place: &[u8]) -> [u8; 16] {
        let reader = self.reader.uuid();
        self.words.hash(Purpose::Cursor, &[self.list.as_bytes(), reader.as_bytes(), log, place]).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use commands::log::clear_words::ClearWords;
    use uuid::Uuid;

    fn cursors<'a>(list: &'a str, reader: u128, log: u128) -> Cursors<'a> {
        let (log, reader) = (LogId::new(Uuid::from_u128(log)), AccountId::new(Uuid::from_u128(reader)));
        Cursors { words: &ClearWords, log, reader, list }
    }

    #[test]
    fn a_cursor_is_read_back_by_its_own_list_only() {
        let ours = cursors("inbox", 1, 1);
        let cursor = ours.make(&7_u64.to_be_bytes());
        assert_eq!(ours.open(&cursor).map(u64::from_be_bytes).unwrap(), 7);
        for other in [cursors("inbox?left", 1, 1), cursors("inbox", 2, 1)] {
            assert_eq!(other.open::<8>(&cursor).unwrap_err().code(), Code::BadCursor);
        }
        assert_eq!(cursors("inbox", 1, 2).open::<8>(&cursor).unwrap_err().code(), Code::LogChanged);
        assert_eq!(ours.open::<4>(&cursor).unwrap_err().code(), Code::BadCursor);
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let ours = cursors("inbox", 1, 1);
        let cursor = ours.make(&7_u64.to_be_bytes());
        let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(ours.open::<8>(&URL_SAFE_NO_PAD.encode(&bytes)).is_err(), "byte {at}");
            bytes[at] ^= 1;
        }
        for bad in ["", "x", "!!", &cursor[1..], &format!("{cursor}=")] {
            assert_eq!(ours.open::<8>(bad).unwrap_err().code(), Code::BadCursor, "{bad}");
        }
    }
}
