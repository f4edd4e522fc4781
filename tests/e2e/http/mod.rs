//! What holds for every route.

mod bad_input;
mod conventions;
mod cors;
mod health;
mod matrix;
mod openapi;
mod rates;
mod rights;
mod stranger;
