//! What can be asked about accounts.

pub mod accounts;

#[cfg(test)]
mod tests;
