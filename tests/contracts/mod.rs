//! Every adapter of a port keeps the port's contract.

mod log;
