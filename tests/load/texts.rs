//! Texts as people write them: halves of messages of a real Slack export, put together anew. So words are as frequent, and
//! stand beside each other, as there. Numbered words among them let the vocabulary grow with the messages, as names,
//! numbers and slips do.

use anyhow::Result;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use zip::ZipArchive;

/// Words of a half, at most.
const HALF_MAX: usize = 60;
/// One message in so many has a numbered word, and one in so many an address.
const NUMBERED: u32 = 3;
const LINKED: u32 = 20;
const NUMBERS: u32 = 100_000;

pub struct Texts {
    /// The messages, in words as they were written.
    messages: Vec<Vec<String>>,
    /// Every word, once.
    vocabulary: Vec<String>,
}

impl Texts {
    /// None where the export is absent.
    pub fn read() -> Result<Option<Self>> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/slack-export.zip");
        if !file.is_file() {
            println!("skipped: {} is absent", file.display());
            return Ok(None);
        }
        let mut archive = ZipArchive::new(std::fs::File::open(file)?)?;
        let names: Vec<String> =
            archive.file_names().map(|name| anyhow::Ok(name?.into_owned())).collect::<Result<_>>()?;
        let mut messages = Vec::new();
        for name in names.iter().filter(|name| name.contains('/') && name.ends_with(".json")) {
            let entries: Vec<Value> = serde_json::from_reader(archive.by_name(name)?)?;
            let said =
                entries.iter().filter(|entry| entry["subtype"].is_null()).filter_map(|entry| entry["text"].as_str());
            let cut = said.map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
            messages.extend(cut.filter(|words| !words.is_empty()));
        }
        let vocabulary: BTreeSet<String> = messages.iter().flatten().filter_map(|word| plain(word)).collect();
        Ok(Some(Self { messages, vocabulary: vocabulary.into_iter().collect() }))
    }

    /// Something new to say.
    pub fn text(&self, random: &mut StdRng) -> String {
        let (one, other) = (self.any(random), self.any(random));
        let begin = &one[..one.len().div_ceil(2).min(HALF_MAX)];
        let rest = &other[other.len() / 2..];
        let mut text = [begin, &rest[..rest.len().min(HALF_MAX)]].concat().join(" ");
        if random.random_range(0..NUMBERED) == 0 {
            text.push_str(&format!(" {}{}", self.rare(random), random.random_range(0..NUMBERS)));
        }
        if random.random_range(0..LINKED) == 0 {
            text.push_str(" https://example.org/a");
        }
        text
    }

    /// A word, as often as it is used.
    pub fn word(&self, random: &mut StdRng) -> String {
        self.neighbours(random, 1).remove(0)
    }

    /// Words that were written one after the other.
    pub fn neighbours(&self, random: &mut StdRng, count: usize) -> Vec<String> {
        loop {
            let words: Vec<String> = self.any(random).iter().filter_map(|word| plain(word)).collect();
            if words.len() >= count {
                let at = random.random_range(0..=words.len() - count);
                return words[at..at + count].to_vec();
            }
        }
    }

    /// Any word that there is: most of them are rare.
    pub fn rare(&self, random: &mut StdRng) -> String {
        self.vocabulary[random.random_range(0..self.vocabulary.len())].clone()
    }

    fn any(&self, random: &mut StdRng) -> &[String] {
        &self.messages[random.random_range(0..self.messages.len())]
    }
}

/// A word without what stands around it; none where it is no word.
fn plain(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    (!word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric())).then_some(word)
}
