//! Faults of applying: which pass, and how they are told.

use crate::database::row::DatabaseFault;
use crate::projection::ApplyFault;

/// Whether trying again can help: the database was away or busy.
pub(crate) fn is_passing(fault: &ApplyFault) -> bool {
    let ApplyFault::Database(DatabaseFault::Sql(error)) = fault else { return false };
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // PostgreSQL: connection trouble, shutting down, out of resources, serialisation and deadlock. SQLite: busy
            // and full, with their extended forms in the higher bits.
            ["08", "57P", "53", "40"].iter().any(|class| code.len() == 5 && code.starts_with(class))
                || code.parse::<u32>().is_ok_and(|code| code < 10_000 && matches!(code & 0xff, 5 | 13))
        }),
        _ => false,
    }
}

/// A fault with everything that caused it, on one line.
pub(crate) fn in_full(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
