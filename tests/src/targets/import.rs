//! Archives that are imported: as a whole, and each file of one.

use api::cli::import::archive::read;
use api::cli::import::plan::plan;
use api::cli::import::report::Notices;
use std::io::Write;
use zip::write::SimpleFileOptions;

/// Stands between the files of an archive that is made of the bytes.
const BETWEEN: u8 = 0xFF;
const FILES: [&str; 4] = ["users.json", "channels.json", "general/2020-01-01.json", "general/2020-01-02.json"];

/// Takes the bytes for an archive, and then for the files inside one.
pub fn check(bytes: &[u8]) {
    take(bytes);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in FILES.iter().zip(bytes.split(|byte| *byte == BETWEEN)) {
        archive.start_file(*name, SimpleFileOptions::default()).expect("a file in an archive");
        archive.write_all(content).expect("memory takes everything");
    }
    take(&archive.finish().expect("an archive").into_inner());
}

fn take(archive: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(archive).expect("a file takes everything");
    let mut notices = Notices::default();
    if let Ok(export) = read(file.path(), &mut notices) {
        drop(plan(export, &mut notices));
    }
}
