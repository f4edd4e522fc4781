//! Events over NATS JetStream. NATS never holds the only copy: killing, wiping or pausing it delays its readers and
//! changes nothing else.

pub mod connection;
pub mod envelope;
pub mod examine;
pub mod relay;
pub mod source;

#[cfg(test)]
mod tests;
