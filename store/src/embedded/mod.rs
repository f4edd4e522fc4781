//! The embedded log. See DESIGN.md, "The embedded log".

// Behind the ports: events in, events out.
pub mod appending;
pub mod decode;
pub mod follow;
pub mod log;
pub mod ring;

// The engine: bytes in, bytes out.
pub mod append;
pub mod engine;
pub mod fault;
pub mod head;
pub mod options;

// What lies on the disk.
pub mod bloom;
pub mod checksum;
pub mod disk;
pub mod header;
pub mod mapped_index;
pub mod marks;
pub mod merged;
pub mod record;
pub mod segment;

// Opening, checking, copying.
pub mod check;
pub mod copy;
pub mod open;
pub mod recovery;
pub mod verify;

// Reading.
pub mod closed;
pub mod history;
pub mod memory_index;
pub mod pick;
pub mod scan;
pub mod scan_streams;

// Writing.
pub mod ahead;
pub mod commit;
pub mod judge;
pub mod keeper;
pub mod reclaim;
pub mod sealer;
pub mod writer;

#[cfg(test)]
mod tests;
