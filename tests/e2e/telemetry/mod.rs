//! What an operator sees from outside: metrics and traces.

mod metrics;
mod traces;
