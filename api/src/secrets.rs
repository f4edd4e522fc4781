//! Secrets of a deployment: made at the first start, kept in files of their own with mode 0600, never printed.

use anyhow::{Context, bail};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of a file of secrets that are read, at most.
const FILE_MAX_BYTES: u64 = 4 << 10;

/// 32 bytes that nobody may see.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A fresh one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> anyhow::Result<Self> {
        random().map(Self)
    }

    /// The bytes, for whoever encrypts or signs with them.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A secret is never shown by accident.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Fresh random bytes.
///
/// # Errors
/// When the system has no randomness to give.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|fault| anyhow::anyhow!("the system gives no randomness: {fault}"))?;
    Ok(bytes)
}

/// Makes a directory that only its owner may enter, unless it exists.
///
/// # Errors
/// When it cannot be made.
pub fn private_directory(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the directory {}", path.display()))
}

/// Writes a file that only its owner may read, durably and as a whole. It must not exist.
///
/// # Errors
/// When it exists or cannot be written.
pub fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let describe = || format!("cannot write {}", path.display());
    let draft = draft(path, content).with_context(describe)?;
    // A link fails where the file exists, a rename would replace it.
    std::fs::hard_link(&draft, path).with_context(describe)?;
    std::fs::remove_file(&draft).with_context(describe)?;
    sync_directory(path).with_context(describe)
}

/// Writes a file that only its owner may read, durably and as a whole, in the place of the one that is there.
///
/// # Errors
/// When it cannot be written; then what was there still is.
pub fn replace_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let describe = || format!("cannot write {}", path.display());
    let draft = draft(path, content).with_context(describe)?;
    std::fs::rename(&draft, path).with_context(describe)?;
    sync_directory(path).with_context(describe)
}

fn draft(path: &Path, content: &[u8]) -> std::io::Result<PathBuf> {
    let draft = path.with_extension("new");
    remove_if_present(&draft)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(draft)
}

fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn remove_if_present(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(fault) if fault.kind() != ErrorKind::NotFound => Err(fault),
        _ => Ok(()),
    }
}

/// Reads a secret that must be there.
///
/// # Errors
/// When it is missing or no secret; the file is named, its content is not.
pub fn read(path: &Path) -> anyhow::Result<Secret> {
    let text = read_text(path)?;
    decode(text.trim_end()).with_context(|| format!("{} holds no secret: 64 hexadecimal digits", path.display()))
}

/// Reads a file of secrets, as far as such a file can be long.
///
/// # Errors
/// When it is missing or cannot be read.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_MAX_BYTES).read_to_string(&mut text))
        .with_context(|| format!("cannot read the secret in {}", path.display()))?;
    Ok(text)
}

/// Reads a secret, or makes it when there is none.
///
/// # Errors
/// When it can be neither read nor made.
pub fn read_or_make(path: &Path) -> anyhow::Result<Secret> {
    if path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
        return read(path);
    }
    if let Some(directory) = path.parent() {
        private_directory(directory)?;
    }
    let bytes = random::<32>()?;
    let mut text = encode(&bytes);
    text.push('\n');
    write_private(path, text.as_bytes())?;
    Ok(Secret(bytes))
}

/// As hexadecimal digits.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The secret that 64 hexadecimal digits are.
///
/// # Errors
/// When they are anything else.
pub fn decode(text: &str) -> anyhow::Result<Secret> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        bail!("wrong form");
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits)?, 16)?;
    }
    Ok(Secret(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets/token-key");
        let made = read_or_make(&path).unwrap();
        assert_eq!(read_or_make(&path).unwrap().bytes(), made.bytes());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_secret_is_named_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "hunter2").unwrap();
        let message = format!("{:#}", read(&path).unwrap_err());
        assert!(message.contains("key") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_private_file_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin-password");
        write_private(&path, b"one").unwrap();
        assert!(write_private(&path, b"two").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
    }
}
