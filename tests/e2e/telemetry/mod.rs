//! What an operator sees from outside: metrics and traces.

mod lag;
mod metrics;
mod traces;
