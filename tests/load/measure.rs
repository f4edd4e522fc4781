//! Latency, and printing.

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::time::Duration;

/// Latencies in microseconds; grows with the longest, as the floor's do.
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    pub fn new() -> Self {
        Self(Histogram::new(3).expect("the precision is valid"))
    }

    pub fn record(&mut self, took: Duration) {
        self.0.record(took.as_micros() as u64).expect("it grows");
    }

    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the bounds are equal");
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    pub fn milliseconds(&self, quantile: f64) -> f64 {
        (self.0.value_at_quantile(quantile) as f64 / 10.0).round() / 100.0
    }

    pub fn microseconds(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }

    pub fn json(&self) -> Value {
        json!({"p50_ms": self.milliseconds(0.5), "p99_ms": self.milliseconds(0.99), "max_ms": self.milliseconds(1.0)})
    }
}

pub fn print(value: Value) {
    println!("{value}");
}
