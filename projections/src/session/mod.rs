//! What can be asked about sessions. Their rows belong to the projection of accounts, because a new password ends them.

pub mod sessions;
