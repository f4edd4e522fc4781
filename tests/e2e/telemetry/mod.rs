//! What an operator sees from outside: traces.

mod traces;
