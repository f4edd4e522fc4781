//! The command line: what there is, how it is asked for, and with which exit code it ends.

use crate::admin::client;
use crate::admin::task::Task;
use crate::cli::output::Output;
use crate::cli::{account, doctor, keys, log, rebuild, serve};
use crate::config::telemetry::Telemetry;
use crate::config::{Config, Flags};
use crate::{openapi, telemetry};
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use store::scheduling::answer_in_short_slices;

/// Tidings: messaging and stories, kept as a log of everything that happened.
#[derive(Parser)]
#[command(
    name = "tidings",
    version,
    after_help = "Example:\n  tidings serve --data ./data --listen 127.0.0.1:8080",
    args_conflicts_with_subcommands = false
)]
pub struct CommandLine {
    /// The configuration file (TOML). The environment TIDINGS_<SECTION>__<KEY> wins over it, flags win over both.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where everything is kept.
    #[arg(long, global = true, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    serve: ServeFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

/// How to serve.
#[derive(Args, Clone)]
struct ServeFlags {
    /// The address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// What this process does. This version does everything in one process.
    #[arg(long, value_name = "ROLES", value_delimiter = ',', value_parser = ["api", "project", "live", "search", "log"])]
    roles: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (the default).
    #[command(after_help = "Example:\n  tidings serve --listen 127.0.0.1:8080")]
    Serve(ServeFlags),
    /// Bring in what another product exported.
    #[command(subcommand)]
    Import(Import),
    /// Make accounts, set passwords and roles, print tokens.
    #[command(subcommand)]
    Account(account::Command),
    /// Replace keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Read and check the log, also while a server runs.
    #[command(subcommand)]
    Log(log::Command),
    /// Build read models again from the log, beside those that are served.
    Rebuild(rebuild::Arguments),
    /// Look at what Tidings stands on, and say what to do. Exit code 1 when something is wrong.
    #[command(after_help = "Example:\n  tidings doctor --data ./data")]
    Doctor,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document.
    #[command(after_help = "Example:\n  tidings openapi > openapi.json")]
    Openapi,
}

#[derive(Subcommand)]
enum Import {
    /// A Slack export: users, channels, messages with their times. Running it twice adds nothing.
    #[command(after_help = "Example:\n  tidings import slack export.zip")]
    Slack {
        /// The export.
        #[arg(value_name = "FILE.zip")]
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say whether the configuration is good, and what is wrong if it is not.
    #[command(after_help = "Example:\n  tidings config check --config tidings.toml")]
    Check,
}

/// Everything the program does. Exit codes: 0 done, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let output = Output::new(command_line.json);
    match run(command_line, &output) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has had enough.
        Err(fault) if is_broken_pipe(&fault) => ExitCode::SUCCESS,
        Err(fault) => {
            output.fault(&fault);
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(fault: &anyhow::Error) -> bool {
    let kind = fault.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}

fn run(command_line: CommandLine, output: &Output) -> anyhow::Result<()> {
    let CommandLine { config, data, serve: flags, command, json: _ } = command_line;
    let command = command.unwrap_or(Command::Serve(flags));
    if let Command::Openapi = command {
        return output.text(&openapi::text());
    }
    let mut flags = Flags { data, listen: None };
    if let Command::Serve(serve) = &command {
        serve::check_roles(&serve.roles)?;
        flags.listen = serve.listen;
    }
    let config = Config::load(config.as_deref(), flags)?;
    let is_server = matches!(command, Command::Serve(_));
    telemetry::install_log(&if is_server { config.telemetry.clone() } else { quiet(&config.telemetry) })?;
    telemetry::keep_panics_quiet();
    #[cfg(feature = "mutants")]
    tracing::warn!("built with the feature `mutants`: for tests only, never for a server that keeps anything");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .on_thread_start(answer_in_short_slices)
        .enable_all()
        .build()
        .context("no runtime")?;
    runtime.block_on(async {
        match command {
            Command::Serve(_) => serve::serve(config, output).await,
            Command::Import(Import::Slack { file }) => through(Task::ImportSlack(file), config, output).await,
            Command::Account(command) => through(Task::Account(command), config, output).await,
            Command::Keys(command) => through(Task::Keys(command), config, output).await,
            Command::Rebuild(arguments) => through(Task::Rebuild(arguments), config, output).await,
            Command::Doctor => doctor::run(&config, output).await,
            Command::Log(command) => log::run(command, &config, output).await,
            Command::Config(ConfigCommand::Check) => {
                output.result(&serde_json::json!({"ok": true}), "the configuration is good")
            }
            Command::Openapi => Ok(()),
        }
    })
}

/// On the shell only what is wrong is worth a line, unless more was asked for.
fn quiet(telemetry: &Telemetry) -> Telemetry {
    let level = if telemetry.level == Telemetry::default().level { "warn".into() } else { telemetry.level.clone() };
    Telemetry { level, ..telemetry.clone() }
}

/// Asks the running server, or does it here.
async fn through(task: Task, config: Config, output: &Output) -> anyhow::Result<()> {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    client::run(task, arguments, config, output).await
}

/// What these arguments ask a running server to do.
///
/// # Errors
/// When it is none of what needs the log's lock, or what only it knows.
pub fn task_of(arguments: &[String]) -> anyhow::Result<Task> {
    let all = std::iter::once("tidings").chain(arguments.iter().map(String::as_str));
    let parsed = CommandLine::try_parse_from(all).map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    match parsed.command {
        Some(Command::Account(command)) => Ok(Task::Account(command)),
        Some(Command::Keys(command)) => Ok(Task::Keys(command)),
        Some(Command::Import(Import::Slack { file })) => Ok(Task::ImportSlack(file)),
        Some(Command::Rebuild(arguments)) => Ok(Task::Rebuild(arguments)),
        Some(Command::Doctor) => Ok(Task::Projections),
        Some(Command::Serve(_) | Command::Log(_) | Command::Config(_) | Command::Openapi) | None => {
            anyhow::bail!("a running server is not asked for this")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_an_example() {
        let mut command = CommandLine::command();
        command.build();
        command.clone().debug_assert();
        check_examples(&command, "tidings");
    }

    fn check_examples(command: &clap::Command, path: &str) {
        let mut leaves = command.get_subcommands().filter(|sub| sub.get_name() != "help").peekable();
        if leaves.peek().is_none() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example:"), "`{path}` has no example");
        }
        for sub in leaves {
            check_examples(sub, &format!("{path} {}", sub.get_name()));
        }
    }

    #[test]
    fn serving_is_the_default_and_takes_its_flags_without_its_name() {
        let parsed = CommandLine::try_parse_from(["tidings", "--listen", "127.0.0.1:1"]).unwrap();
        assert!(parsed.command.is_none() && parsed.serve.listen.is_some());
        assert!(CommandLine::try_parse_from(["tidings", "--nonsense"]).is_err());
    }
}
