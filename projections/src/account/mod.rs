//! What can be asked about accounts.

pub mod accounts;
pub mod settings;

#[cfg(test)]
mod tests;
