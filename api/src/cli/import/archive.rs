//! Reads the zip file. A part that cannot be read is reported and the rest is used.

use crate::cli::import::export::{Channel, Entry, Export, Placed, User};
use crate::cli::import::report::Notices;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use zip::ZipArchive;

/// Bytes of one file inside the archive, unpacked, at most.
const FILE_MAX_BYTES: u64 = 256 << 20;

/// Nothing at all could be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// There is no such file, or it may not be read.
    #[error("{file} cannot be opened: {why}")]
    NotOpened {
        /// The file as it was named.
        file: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is no zip archive, or its directory is damaged.
    #[error("{file} is no zip archive, or a broken one: {why}")]
    NoArchive {
        /// The file as it was named.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The archive holds neither people nor channels.
    #[error("{0} holds nothing of a Slack export: neither users.json nor channels.json could be read")]
    NoExport(String),
}

/// Reads everything that can be read.
///
/// # Errors
/// When nothing could.
pub fn read(path: &Path, notices: &mut Notices) -> Result<Export, Unreadable> {
    let file = path.display().to_string();
    let opened = File::open(path).map_err(|why| Unreadable::NotOpened { file: file.clone(), why })?;
    let archive = ZipArchive::new(BufReader::new(opened));
    let mut archive = archive.map_err(|why| Unreadable::NoArchive { file: file.clone(), why: why.to_string() })?;

    let users = read_list::<User>(&mut archive, "users.json", notices);
    let channels = read_list::<Channel>(&mut archive, "channels.json", notices);
    if users.is_none() && channels.is_none() {
        return Err(Unreadable::NoExport(file));
    }
    let mut export = Export { users, channels: channels.unwrap_or_default(), ..Export::default() };
    for name in day_files(&archive, notices) {
        let folder = name.split('/').next().unwrap_or_default().to_owned();
        let entries = read_list::<Entry>(&mut archive, &name, notices).unwrap_or_default();
        let placed = entries.into_iter().map(|entry| Placed { file: name.clone(), entry });
        export.entries.entry(folder).or_default().extend(placed);
    }
    Ok(export)
}

/// The names of `<channel>/<day>.json`, sorted. Other files that hold conversations are reported.
fn day_files<R: Read + std::io::Seek>(archive: &ZipArchive<R>, notices: &mut Notices) -> Vec<String> {
    let mut names = Vec::new();
    for name in archive.file_names() {
        let Ok(name) = name else {
            notices.add("the archive", "a file's name cannot be read; the file is left out");
            continue;
        };
        match name.split_once('/') {
            Some((_, day)) if day.ends_with(".json") && !day.contains('/') => names.push(name.into_owned()),
            None if ["groups.json", "dms.json", "mpims.json"].contains(&&*name) => {
                notices.add(&*name, "only public channels are imported; this file is left out");
            }
            _ => {}
        }
    }
    names.sort();
    names
}

/// The items of a file that holds a JSON list; an item that is not as expected is reported and left out. None when
/// the file is not there or is no list.
fn read_list<T: DeserializeOwned>(
    archive: &mut ZipArchive<impl Read + std::io::Seek>,
    name: &str,
    notices: &mut Notices,
) -> Option<Vec<T>> {
    let items = match read_file(archive, name).and_then(|bytes| parse_list(&bytes)) {
        Ok(items) => items,
        Err(why) => {
            notices.add(name, why);
            return None;
        }
    };
    let mut parsed = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        match serde_json::from_value(item) {
            Ok(item) => parsed.push(item),
            Err(why) => notices.add(name, format!("item {}: {why}; it is left out", index + 1)),
        }
    }
    Some(parsed)
}

fn read_file(archive: &mut ZipArchive<impl Read + std::io::Seek>, name: &str) -> Result<Vec<u8>, String> {
    let file = archive.by_name(name).map_err(|why| match why {
        zip::result::ZipError::FileNotFound => "is missing".to_owned(),
        why => format!("cannot be read: {why}"),
    })?;
    let mut bytes = Vec::new();
    let count = file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes);
    match count.map_err(|why| format!("cannot be read: {why}"))? as u64 {
        0..=FILE_MAX_BYTES => Ok(bytes),
        _ => Err(format!("is larger than {FILE_MAX_BYTES} bytes; it is left out")),
    }
}

fn parse_list(bytes: &[u8]) -> Result<Vec<Value>, String> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Array(items)) => Ok(items),
        Ok(_) => Err("is no JSON list; it is left out".to_owned()),
        // The parser's own message may quote what stands in the file.
        Err(why) => Err(format!("is no JSON (line {}, column {}); it is left out", why.line(), why.column())),
    }
}
