//! Configuration: a TOML file, then the environment `TIDINGS_<SECTION>__<KEY>`, then flags; later wins.
//!
//! An unknown key or a bad value stops the start with a line that names it.

pub mod auth;
pub mod database;
pub mod keys;
pub mod limits;
pub mod log;
pub mod server;
pub mod telemetry;
pub mod transport;

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Sections that the public contract knows and that this version does not have.
const LATER_SECTIONS: &[&str] = &["cluster", "grpc", "search", "media"];
/// The same for single keys.
const LATER_KEYS: &[&str] = &["tls", "tls_certificate", "tls_key"];

/// Everything that can be set.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where everything is kept. A flag, no key.
    #[serde(skip)]
    pub data: PathBuf,
    /// Where and how to listen.
    pub server: server::Server,
    /// The log.
    pub log: log::Log,
    /// Read models.
    pub database: database::Database,
    /// Subject keys.
    pub keys: keys::Keys,
    /// How events get to projections.
    pub transport: transport::Transport,
    /// Tokens and passwords.
    pub auth: auth::Auth,
    /// Rates.
    pub limits: limits::Limits,
    /// Log lines.
    pub telemetry: telemetry::Telemetry,
}

/// Addresses of databases hold passwords: none is ever shown.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config({})", self.data.display())
    }
}

/// What flags say; each wins over file and environment.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--data`.
    pub data: PathBuf,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
}

/// Why there is no configuration. One line that names what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigFault(String);

impl Config {
    /// Defaults for a directory, on a free port of this machine: what tests start from.
    pub fn for_directory(data: impl Into<PathBuf>) -> Self {
        let mut config = Self { data: data.into(), ..Self::default() };
        config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config
    }

    /// Where this process keeps its search index.
    pub fn search_directory(&self) -> PathBuf {
        self.data.join("search")
    }

    /// Reads file and environment and applies flags.
    ///
    /// # Errors
    /// On a missing file, an unknown key or a bad value.
    pub fn load(file: Option<&Path>, flags: Flags) -> Result<Self, ConfigFault> {
        if let Some(file) = file
            && !file.is_file()
        {
            return Err(ConfigFault(format!("the configuration file {} does not exist", file.display())));
        }
        let figment = file.map_or_else(Figment::new, |file| Figment::from(Toml::file_exact(file)));
        // Only names with a double underscore are ours: TIDINGS_SERVER__LISTEN.
        let environment = Env::prefixed("TIDINGS_").filter(|key| key.as_str().contains("__")).split("__");
        let mut config: Self = figment.merge(environment).extract().map_err(|fault| describe(&fault))?;
        config.data = flags.data;
        if let Some(listen) = flags.listen {
            config.server.listen = listen;
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigFault> {
        let sections = [
            self.server.check(),
            self.log.check(),
            self.database.check(),
            self.keys.check(),
            self.transport.check(),
            self.auth.check(),
            self.limits.check(),
            self.telemetry.check(),
        ];
        sections.into_iter().collect::<Result<Vec<()>, String>>().map(drop).map_err(ConfigFault)
    }
}

/// One line for the first fault; later ones appear once it is mended.
fn describe(fault: &figment::Error) -> ConfigFault {
    let place = fault.path.join(".");
    let source = fault.metadata.as_ref().map_or_else(String::new, |metadata| {
        let source = metadata.source.as_ref().map(|source| format!(" {source}")).unwrap_or_default();
        format!(" (in {}{source})", metadata.name)
    });
    let text = match &fault.kind {
        Kind::UnknownField(name, known) => {
            let place = if place.is_empty() || place.ends_with(name) { place } else { format!("{place}.{name}") };
            let place = if place.is_empty() { name.clone() } else { place };
            if LATER_SECTIONS.contains(&name.as_str()) || LATER_KEYS.contains(&name.as_str()) {
                format!("`{place}` is not available in this version")
            } else {
                format!("unknown key `{place}`; known here: {}", known.join(", "))
            }
        }
        kind if place.is_empty() => kind.to_string(),
        kind => format!("bad value for `{place}`: {kind}"),
    };
    ConfigFault(format!("{text}{source}").replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("tidings.toml");
        std::fs::write(&file, toml).unwrap();
        Config::load(Some(&file), Flags::default()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = load("").unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.limits.rates, limits::Switch::On);
    }

    #[test]
    fn a_file_is_read() {
        let config = load("[server]\nlisten = \"0.0.0.0:9\"\n[limits]\nrates = \"off\"\n").unwrap();
        assert_eq!(config.server.listen.port(), 9);
        assert_eq!(config.limits.rates, limits::Switch::Off);
    }

    #[test]
    fn an_unknown_key_or_a_bad_value_is_named() {
        let cases = [
            ("[server]\nlisen = \"x\"", "server.lisen"),
            ("[serv]\nlisten = \"x\"", "serv"),
            ("[server]\nlisten = \"nowhere\"", "server.listen"),
            ("[server]\ncors_origins = [\"https://app.example.org/\"]", "server.cors_origins"),
            ("[server]\ncors_origins = [\"https://*.example.org\"]", "server.cors_origins"),
            ("[limits]\nrates = \"sometimes\"", "limits.rates"),
            ("[limits.rate_send]\nburst = 0\nper_second = 1.0", "limits.rate_send.burst"),
            ("[limits.rate_query]\nburst = 1\nper_second = -1.0", "limits.rate_query.per_second"),
            ("[limits]\nrate_sending = 1", "limits.rate_sending"),
            ("[auth]\nargon2_memory_kib = -1", "auth.argon2_memory_kib"),
            ("[auth]\naccess_token_seconds = 0", "auth.access_token_seconds"),
            ("[telemetry]\nlevel = \"=,=\"", "telemetry.level"),
            ("[telemetry]\notlp_endpoint = \"https://x\"", "telemetry.otlp_endpoint"),
            ("[telemetry]\ntrace_share = 2.0", "telemetry.trace_share"),
            ("[telemetry]\nlevel = \"info,tungstenite::protocol=trace\"", "telemetry.level"),
            ("[database]\nurl = \"mysql://x\"", "database.url"),
            ("[log]\nbackend = \"kurrentdb\"", "log.backend"),
            ("[transport]\nurl = \"carrier pigeon\"", "transport.url"),
            ("[grpc]\nlisten = \"127.0.0.1:1\"", "`grpc` is not available"),
            ("[server.tls]\nkey = \"x\"", "`server.tls` is not available"),
            ("listen = 5", "listen"),
            ("[server", "TOML"),
        ];
        for (toml, expected) in cases {
            let message = load(toml).unwrap_err();
            assert!(message.contains(expected) && !message.contains('\n'), "{toml:?}: {message}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let fault = Config::load(Some(Path::new("no-such.toml")), Flags::default()).unwrap_err();
        assert!(fault.to_string().contains("no-such.toml"));
    }

    #[test]
    fn a_flag_wins() {
        let flags = Flags { listen: Some(SocketAddr::from(([127, 0, 0, 1], 1))), ..Flags::default() };
        assert_eq!(Config::load(None, flags).unwrap().server.listen.port(), 1);
    }
}
