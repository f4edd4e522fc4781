//! What is read by a role.

use crate::account::values::Role;
use crate::ids::MessageId;
use crate::proto::account::v1::ReasonWords;
use crate::words::Field;
use serde::Serialize;

/// The envelope's actor read what only their role lets them read. Stands in `access-<account>` before the first byte of
/// the answer is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContentAccessed {
    /// What allowed it.
    pub role: Role,
    /// What was read.
    pub message: MessageId,
    /// Why; the deployment's key.
    pub reason: Field<ReasonWords>,
}
