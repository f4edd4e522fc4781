//! Log lines and metrics. Neither ever holds what people wrote, their names, or secrets.

pub mod catalogue;

use crate::config::telemetry::{Format, Telemetry};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::layers::{Layer, PrefixLayer};
use std::io::IsTerminal;
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// Seconds: the upper bounds of the histograms' buckets.
const BUCKETS_SECONDS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The same of histograms that count: events of a batch and the like.
const BUCKETS_SIZE: &[f64] =
    &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0];

/// Libraries whose finer lines hold what passes through them: the words of people.
const QUIET: &[&str] = &["tungstenite=warn", "tokio_tungstenite=warn"];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Sends log lines to standard error: readable on a terminal, JSON elsewhere. Only the first call of a process counts.
///
/// # Errors
/// When the level is no filter.
pub fn install_log(telemetry: &Telemetry) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(&telemetry.level)?;
    for directive in QUIET {
        filter = filter.add_directive(directive.parse()?);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let human = match telemetry.format {
        Format::Auto => std::io::stderr().is_terminal(),
        Format::Human => true,
        Format::Json => false,
    };
    let installed = if human {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    if installed.is_err() {
        tracing::debug!("log lines go where an earlier start sent them");
    }
    Ok(())
}

/// Makes a panic a log line that names its place only: what it was raised with may hold what somebody wrote. For the
/// program itself; tests keep the usual report.
pub fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, thread = std::thread::current().name().unwrap_or_default(), "a thread panicked");
    }));
}

/// The process's one recorder of metrics: the first call installs it, later ones share it.
pub fn recorder() -> PrometheusHandle {
    RECORDER.get_or_init(install_recorder).clone()
}

fn install_recorder() -> PrometheusHandle {
    let builder = with_buckets(PrometheusBuilder::new()).unwrap_or_else(|fault| {
        tracing::error!(%fault, "histograms have no buckets");
        PrometheusBuilder::new()
    });
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(PrefixLayer::new(catalogue::PREFIX).layer(recorder)).is_err() {
        tracing::warn!("another recorder of metrics was installed before");
    }
    catalogue::describe();
    handle
}

fn with_buckets(builder: PrometheusBuilder) -> Result<PrometheusBuilder, BuildError> {
    builder.set_buckets(BUCKETS_SECONDS)?.set_buckets_for_metric(Matcher::Suffix("_size".into()), BUCKETS_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_alerts_compare_seconds_with_is_the_edge_of_a_bucket() {
        let alerts = include_str!("../../deploy/prometheus/alerts.yml");
        let compared = alerts.split("histogram_quantile").skip(1).filter_map(|rest| rest.split_once(" > "));
        let edges: Vec<f64> =
            compared.map(|(_, edge)| edge.split_whitespace().next().unwrap().parse().unwrap()).collect();
        assert!(edges.len() >= 3 && edges.iter().all(|edge| BUCKETS_SECONDS.contains(edge)), "{edges:?}");
    }

    #[test]
    fn a_second_start_in_one_process_shares_the_recorder() {
        let first = recorder();
        metrics::counter!("telemetry_test_total").increment(1);
        assert!(recorder().render().contains("telemetry_test_total") && !first.render().is_empty());
    }
}
