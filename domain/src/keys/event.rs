//! What happens to keys.

use crate::words::KeyRef;
use serde::{Serialize, Serializer};

/// A key was destroyed: what was sealed under it is erased everywhere. Applied again at every start, so that an old
/// keys store cannot bring it back.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyDestroyed {
    /// Which.
    pub key: KeyRef,
}

impl Serialize for KeyDestroyed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("KeyDestroyed", 2)?;
        fields.serialize_field("subject", &self.key.subject.stream_key())?;
        fields.serialize_field("generation", &self.key.generation)?;
        fields.end()
    }
}
