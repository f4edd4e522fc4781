//! The machine: its disk, its clock, its limits, and the files in the data directory.

use crate::app::first_start::PASSWORD_FILE;
use crate::cli::doctor::finding::Finding;
use crate::clock::SystemClock;
use crate::config::Config;
use domain::clock::Clock;
use domain::ids::{LogId, Position};
use domain::source::{Direction, EventSource, Filter};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::embedded::check::{self, found_at_opening};
use store::embedded::log::EmbeddedLog;
use store::embedded::options::Options;

/// Writes of 4 KiB whose sync is timed.
const SYNCS: usize = 32;
/// A sync that takes longer makes every message wait that long.
const SYNC_GOOD: Duration = Duration::from_millis(2);
/// A sync that takes longer is no disk for a log.
const SYNC_BAD: Duration = Duration::from_millis(50);
/// Open files that a few thousand feeds need.
const FILES_GOOD: u64 = 16_384;
/// Open files without which the server itself does not work.
const FILES_BAD: u64 = 512;
/// Free bytes below which it is time to act, and below which it is late.
const FREE_GOOD_BYTES: u64 = 5 << 30;
/// See [`FREE_GOOD_BYTES`].
const FREE_BAD_BYTES: u64 = 512 << 20;
/// Before this the clock cannot be right: 2024-01-01.
const CLOCK_MIN_MICROS: i64 = 1_704_067_200_000_000;
/// How far the log's newest event may be ahead of the clock.
const AHEAD_MAX_MICROS: i64 = 1_000_000;

/// Looks at all of it. Also gives which log there is and where it ends, if it can be read.
pub async fn examine(config: &Config) -> (Vec<Finding>, Option<(LogId, Position)>) {
    let directories = [there(&config.log.directory(&config.data)), there(&config.data)];
    let mut findings = vec![disk_sync(&directories[0])];
    findings.extend(file_systems(&directories).into_iter().map(free_space));
    findings.extend([open_files(), clock(), synchronised()]);
    let (finding, end) = log(config).await;
    findings.push(finding);
    findings.extend(private_files(config));
    findings.push(admin_password(&config.data));
    (findings, end)
}

/// The directory, or the nearest one above it that is there: what is made below it is on the same disk.
fn there(directory: &Path) -> PathBuf {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let found = absolute.ancestors().find(|above| above.is_dir());
    found.map_or_else(|| absolute.clone(), Path::to_owned)
}

/// One directory of each file system.
fn file_systems(directories: &[PathBuf]) -> Vec<&Path> {
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    let mut chosen: Vec<&Path> = Vec::new();
    for directory in directories {
        if !chosen.iter().any(|one| device(one) == device(directory)) {
            chosen.push(directory);
        }
    }
    chosen
}

fn disk_sync(directory: &Path) -> Finding {
    const CHECK: &str = "disk sync";
    match time_syncs(directory) {
        Err(fault) => {
            let advice = "make the directory, or let this user write there";
            Finding::bad(CHECK, format!("cannot write in {}: {fault}", directory.display()), advice)
        }
        Ok((median, worst)) => {
            let found = format!(
                "4 KiB synced in {:.2} ms (median of {SYNCS}), {:.2} ms at worst, in {}; below {} ms is good",
                median.as_secs_f64() * 1e3,
                worst.as_secs_f64() * 1e3,
                directory.display(),
                SYNC_GOOD.as_millis()
            );
            if median > SYNC_BAD {
                Finding::bad(CHECK, found, "put the log on a local disk: every message waits for one sync")
            } else if median > SYNC_GOOD {
                Finding::warning(CHECK, found, "a local NVMe disk, or one with a battery-backed cache, answers sooner")
            } else {
                Finding::good(CHECK, found)
            }
        }
    }
}

/// The median and the worst. The file has no name while it is written: whatever ends this leaves nothing where the log is.
fn time_syncs(directory: &Path) -> std::io::Result<(Duration, Duration)> {
    let path = directory.join(format!(".doctor-{}", std::process::id()));
    let mut file = File::options().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    let mut took = Vec::with_capacity(SYNCS);
    for round in 0..SYNCS {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[round as u8; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    Ok((took[SYNCS / 2], took[SYNCS - 1]))
}

fn free_space(directory: &Path) -> Finding {
    const CHECK: &str = "disk space";
    let Ok(found) = rustix::fs::statvfs(directory) else {
        return Finding::warning(CHECK, "the file system does not tell", "look at it with df");
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let text = format!("{:.1} GiB are free in {}", free as f64 / f64::from(1 << 30), directory.display());
    if free < FREE_BAD_BYTES {
        Finding::bad(CHECK, text, "make room now: without it nothing can be stored")
    } else if free < FREE_GOOD_BYTES {
        Finding::warning(CHECK, text, "make room, or move what is there to a larger disk")
    } else {
        Finding::good(CHECK, text)
    }
}

fn open_files() -> Finding {
    const CHECK: &str = "open files";
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let limit = line.and_then(|line| line.split_whitespace().next()).map(|soft| soft.parse().unwrap_or(u64::MAX));
    let Some(limit) = limit else {
        return Finding::warning(CHECK, "the system does not tell its limit", "look at it with ulimit -n");
    };
    let found = format!("{limit} may be open; each feed and each request needs one");
    if limit < FILES_BAD {
        Finding::bad(CHECK, found, "raise it: ulimit -n 65536, or LimitNOFILE=65536 in the service's unit")
    } else if limit < FILES_GOOD {
        Finding::warning(CHECK, found, "for many feeds raise it: ulimit -n 65536, or LimitNOFILE=65536 in the unit")
    } else {
        Finding::good(CHECK, found)
    }
}

fn clock() -> Finding {
    const CHECK: &str = "clock";
    let now = SystemClock.now();
    if now.micros() < CLOCK_MIN_MICROS {
        return Finding::bad(CHECK, format!("it says {}", now.to_utc()), "set the system's clock");
    }
    Finding::good(CHECK, format!("it says {}", now.to_utc().format("%Y-%m-%d %H:%M:%S UTC")))
}

/// Only a hint: there are more ways to keep a clock right than can be seen from here.
fn synchronised() -> Finding {
    const CHECK: &str = "time service";
    let signs = ["/run/systemd/timesync/synchronized", "/run/chrony", "/run/chronyd.pid", "/run/ntpd.pid", "/run/ntpd"];
    match signs.iter().find(|sign| Path::new(sign).exists()) {
        Some(sign) => Finding::good(CHECK, format!("there is {sign}")),
        None => Finding::warning(
            CHECK,
            "no time service was found on this machine",
            "run systemd-timesyncd or chrony, unless the host keeps this machine's clock",
        ),
    }
}

const LOG: &str = "log";

/// Also gives which it is and where it ends, if it can be read.
async fn log(config: &Config) -> (Finding, Option<(LogId, Position)>) {
    let directory = config.log.directory(&config.data);
    if !directory.is_dir() {
        return (Finding::good(LOG, "there is none yet: the first start makes it"), None);
    }
    // The check value counts for appending only.
    let log = match EmbeddedLog::open_read_only(&directory, &Options::new(Arc::new(SystemClock), [0; 16])) {
        Ok(log) => log,
        Err(fault) => {
            let found = format!("{:#}", anyhow::Error::new(fault));
            let advice = "run tidings log verify; bring back the directory from a backup";
            return (Finding::bad(LOG, found, advice), None);
        }
    };
    let end = Some((log.log_id(), log.head()));
    (look_at(&log).await, end)
}

async fn look_at(log: &EmbeddedLog) -> Finding {
    match found_at_opening(log.raw().report()).into_iter().find(check::Finding::is_damage) {
        // It holds nothing of its own.
        Some(damage @ check::Finding::DamagedIndex(_)) => {
            return Finding::warning(LOG, damage.to_string(), "run tidings log verify, which names every such place");
        }
        Some(damage) => {
            let advice = "run tidings log verify; bring back the directory from a backup";
            return Finding::bad(LOG, damage.to_string(), advice);
        }
        None => {}
    }
    let (head, id) = (log.head(), log.log_id());
    let newest = log.read_all(Position(u64::MAX), Direction::Backward, 1, &Filter::default()).await;
    let newest = newest.ok().and_then(|slice| slice.events.first().map(|event| event.recorded_at));
    let ahead = newest.map_or(0, |newest| newest.micros() - SystemClock.now().micros());
    if ahead > AHEAD_MAX_MICROS {
        let found = format!("its newest event is {:.0} s ahead of the clock", ahead as f64 / 1e6);
        return Finding::bad(LOG, found, "the clock was set back: set it right before anything is written");
    }
    Finding::good(LOG, format!("the log {id} ends at position {head}"))
}

fn private_files(config: &Config) -> Vec<Finding> {
    let mut paths: Vec<PathBuf> = vec![
        config.data.clone(),
        config.data.join("secrets"),
        config.keys.encryption_key_file(&config.data),
        config.auth.token_key_file(&config.data),
    ];
    if let Some(file) = config.keys.url(&config.data).strip_prefix("sqlite:") {
        paths.push(file.strip_prefix("//").unwrap_or(file).into());
    }
    let open_to_others = |path: &PathBuf| {
        let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
        // The directory itself may be looked into where what it holds is private.
        let forbidden = if *path == config.data { 0o022 } else { 0o077 };
        (mode & forbidden != 0).then(|| format!("{} has mode {mode:o}", path.display()))
    };
    let found: Vec<String> = paths.iter().filter_map(open_to_others).collect();
    if found.is_empty() {
        return vec![Finding::good("permissions", "secrets are readable by their owner alone")];
    }
    found.into_iter().map(|found| Finding::bad("permissions", found, "chmod go-rwx it: only the owner may")).collect()
}

fn admin_password(data: &Path) -> Finding {
    const CHECK: &str = "first password";
    if data.join(PASSWORD_FILE).exists() {
        let advice = "set another with tidings account password admin, and remove the file";
        return Finding::warning(CHECK, format!("the file {PASSWORD_FILE} still lies there"), advice);
    }
    Finding::good(CHECK, "its file is gone")
}
