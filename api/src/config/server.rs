//! `[server]`: where to listen and how clients reach it.

use http::HeaderValue;
use serde::Deserialize;
use std::net::SocketAddr;

/// Where and how to listen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// How clients reach it, when a proxy stands before it. With `https` browsers are told to stay with it.
    pub public_url: Option<String>,
    /// Connections at the same time, at most.
    pub connections: usize,
    /// Origins (`https://app.example.org`) whose pages may use it from a browser; `*` for all. None by default.
    pub cors_origins: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            connections: 20_000,
            cors_origins: Vec::new(),
        }
    }
}

impl Server {
    /// Whether clients come over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(url) = &self.public_url
            && !url.starts_with("https://")
            && !url.starts_with("http://")
        {
            return Err("bad value for `server.public_url`: must start with https:// or http://".into());
        }
        if self.connections == 0 {
            return Err("bad value for `server.connections`: must be at least 1".into());
        }
        if let Some(bad) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(format!(
                "bad value for `server.cors_origins`: {bad} is not an origin such as https://app.example.org, nor *"
            ));
        }
        Ok(())
    }
}

/// Scheme, host and perhaps a port, as browsers send it: no path, not even a slash.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ', ',']);
    (text == "*" || host.is_some_and(is_host)) && HeaderValue::from_str(text).is_ok()
}
