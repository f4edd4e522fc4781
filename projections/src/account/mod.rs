//! What can be asked about accounts.

pub mod accounts;
pub mod device_keys;
pub mod erasures;
pub mod settings;

#[cfg(test)]
mod tests;
