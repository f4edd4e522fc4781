//! Every metric: its name, kind, labels and meaning. `docs/metrics.md` is this table, and a test compares the two.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// What stands before every name.
pub const PREFIX: &str = "tidings";

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from the start of the process.
    Counter,
    /// The value of now.
    Gauge,
    /// How often a value fell into which range.
    Histogram,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name without the prefix. A unit stands last: `seconds`, `bytes`, `events` …, or a state that is 1 or 0:
    /// `stopped`. A counter ends with `total`.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub meaning: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, meaning }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, meaning }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, meaning }
}

/// Every metric, by name.
pub const METRICS: &[Metric] = &[
    histogram("command_batch_size", &[], "Commands of one stream that were appended together."),
    counter("command_conflicts_total", &["command"], "Commands that were overtaken and decided again."),
    histogram("command_stage_seconds", &["command", "stage"], "Stages of a command: wait, load, decide, append."),
    counter("feed_closes_total", &["code"], "Sockets that ended, by close code; `gone` when the client went."),
    counter(
        "feed_ephemerals_dropped_total",
        &[],
        "Ephemeral frames that a reader that was behind did not get, and people of whom too many waited to be told.",
    ),
    counter("feed_frames_total", &[], "Event frames handed to sockets."),
    counter("feed_lags_total", &[], "Times that a queue was full, so that its reader went on from the log."),
    gauge("feed_position", &[], "The log position up to which events were handed to sockets."),
    gauge("feed_queue_bytes", &[], "Bytes that wait for readers that are slower than what comes."),
    gauge("feed_sockets", &[], "Open sockets that have said who they are."),
    histogram("http_request_seconds", &["method", "route"], "From a request's arrival to the start of its answer."),
    counter("http_requests_total", &["method", "route", "status"], "Requests that were answered."),
    histogram("log_append_batch_size", &[], "Events of one batch: one write and one sync."),
    counter("log_append_events_total", &[], "Events that were made durable."),
    counter("log_reclaimed_bytes_total", &[], "Bytes given back of events that nobody reads any more."),
    counter("log_reclaimed_events_total", &[], "Events that became stubs."),
    histogram("log_sync_seconds", &[], "One sync of the log's file."),
    counter("nats_events_read_from_log_total", &[], "Events that NATS lost or skipped and the log gave."),
    gauge("nats_relayed_position", &[], "The log position up to which events were published to NATS."),
    histogram("projection_batch_size", &["projection"], "Events of one transaction."),
    gauge("projection_lag_events", &["projection"], "Events of the log that are not applied yet."),
    gauge(
        "projection_lag_seconds",
        &["projection"],
        "Age of the oldest event that is not applied yet; 0 when there is none.",
    ),
    gauge("projection_position", &["projection"], "The log position of the checkpoint."),
    gauge("projection_stopped", &["projection"], "1 while the projection stands still because of a fault, else 0."),
    counter("projection_stops_total", &["projection"], "How often a projection stopped on a fault."),
    counter("search_changes_total", &[], "Messages that were put into the search index or taken out of it."),
    histogram("search_commit_seconds", &[], "One commit of the search index."),
    histogram("search_query_seconds", &[], "One question to the search index, with its wait for a turn."),
];

/// Tells the recorder what each metric means.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.meaning),
            Kind::Gauge => describe_gauge!(metric.name, metric.meaning),
            Kind::Histogram => describe_histogram!(metric.name, metric.meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(metric: &Metric) -> String {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let kind = format!("{:?}", metric.kind).to_lowercase();
        format!("| `{PREFIX}_{}` | {kind} | {labels} | {} |", metric.name, metric.meaning)
    }

    #[test]
    fn the_page_of_metrics_is_this_table() {
        let page = include_str!("../../../docs/metrics.md");
        let documented: Vec<&str> = page.lines().filter(|line| line.starts_with("| `tidings_")).collect();
        let expected: Vec<String> = METRICS.iter().map(row).collect();
        assert_eq!(documented, expected, "docs/metrics.md should have:\n{}", expected.join("\n"));
    }

    #[test]
    fn alerts_and_dashboard_know_only_metrics_of_this_table() {
        let alerts = include_str!("../../../deploy/prometheus/alerts.yml");
        let dashboard = include_str!("../../../deploy/grafana/tidings.json");
        for text in [alerts, dashboard] {
            for rest in text.split("tidings_").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let known = METRICS.iter().any(|metric| {
                    let parts = ["", "_bucket", "_sum", "_count"];
                    parts.iter().any(|part| name.strip_suffix(part) == Some(metric.name))
                });
                assert!(known, "{name}");
            }
        }
    }

    #[test]
    fn names_end_with_their_unit_and_stand_in_order() {
        const UNITS: &[&str] =
            &["seconds", "bytes", "events", "size", "position", "sockets", "total", "percent", "stopped"];
        for metric in METRICS {
            let unit = metric.name.rsplit('_').next().unwrap();
            assert!(UNITS.contains(&unit), "{}", metric.name);
            assert_eq!(unit == "total", metric.kind == Kind::Counter, "{}", metric.name);
            assert!(metric.meaning.ends_with('.'), "{}", metric.name);
        }
        assert!(METRICS.is_sorted_by_key(|metric| metric.name));
    }
}
