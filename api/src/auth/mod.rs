//! Who is asking: passwords, access tokens, roles, and how often one may guess.

pub mod buckets;
pub mod caller;
pub mod lasting;
pub mod password;
pub mod rates;
pub mod refresh_token;
pub mod revocations;
pub mod role;
pub mod sign_in_limit;
pub mod token;
pub mod token_keys;
