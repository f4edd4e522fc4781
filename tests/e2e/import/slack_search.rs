//! 500 random searches of the real Slack export against a plain scan of it, in both modes.

use super::slack::{Source, export, imported};
use api::cli::import::run::run;
use rand::RngExt;
use std::collections::BTreeSet;
use tests::both_modes;
use tests::chance::seeded;
use tests::person::{Person, percent_encoded};
use tests::room::Room;

const SEARCHES: usize = 500;

/// A message of the export that the person may read, with the id that it has here.
struct Entry {
    id: String,
    channel: String,
    sender: String,
    day: String,
    words: Vec<String>,
}

/// As plain as can be: what is not a letter or a digit parts words, and case and accents do not count.
fn words(text: &str) -> Vec<String> {
    let plain = |c: char| match c {
        'à'..='å' => 'a',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().map(plain).collect()).collect()
}

async fn entries(source: &Source, person: &Person) -> Vec<Entry> {
    let mut entries = Vec::new();
    for conversation in person.all("/v1/conversations?limit=100&left=true").await {
        let channel = conversation["name"].as_str().expect("a name").to_owned();
        let said = source.entries[&channel].iter().filter(|entry| Source::is_message(entry));
        for (message, entry) in person.timeline(&Room::from_json(conversation)).await.iter().zip(said) {
            let seconds =
                entry["ts"].as_str().and_then(|ts| ts.split('.').next()?.parse::<i64>().ok()).expect("a time");
            let at = domain::clock::Time::from_micros(seconds * 1_000_000);
            entries.push(Entry {
                id: message["id"].as_str().expect("an id").to_owned(),
                channel: channel.clone(),
                sender: source.users[entry["user"].as_str().expect("a user")].clone(),
                day: at.to_utc().date_naive().to_string(),
                words: words(entry["text"].as_str().expect("a text")),
            });
        }
    }
    entries
}

/// Something to type, and what it means.
struct Search {
    typed: String,
    means: Box<dyn Fn(&Entry) -> bool>,
}

fn has(words: &[String], row: &[String]) -> bool {
    words.windows(row.len()).any(|window| window == row)
}

fn search(kind: usize, of: &Entry, other: &Entry, mut below: impl FnMut(usize) -> usize) -> Option<Search> {
    let is_good = |word: &String| word.is_ascii();
    let at = below(of.words.len());
    let word = of.words.get(at).filter(|word| is_good(word))?.clone();
    let another = other.words.get(below(other.words.len())).filter(|word| is_good(word))?.clone();
    let one = vec![word.clone()];
    Some(match kind {
        0 => Search { typed: word.to_uppercase(), means: Box::new(move |entry| has(&entry.words, &one)) },
        1 => {
            let two = vec![of.words[below(of.words.len())].clone()];
            let typed = format!("{word} {}", two[0]);
            Search { typed, means: Box::new(move |entry| has(&entry.words, &one) && has(&entry.words, &two)) }
        }
        2 => {
            let row: Vec<String> = of.words[at..].iter().take(2 + below(2)).cloned().collect();
            Search { typed: format!("\"{}\"", row.join(" ")), means: Box::new(move |entry| has(&entry.words, &row)) }
        }
        3 => {
            let begin: String = word.chars().take(3).collect();
            let typed = format!("{begin}*");
            Search { typed, means: Box::new(move |entry| entry.words.iter().any(|word| word.starts_with(&begin))) }
        }
        4 => {
            let typed = format!("{word} -{another}");
            let not = vec![another];
            Search { typed, means: Box::new(move |entry| has(&entry.words, &one) && !has(&entry.words, &not)) }
        }
        5 => {
            let sender = of.sender.clone();
            let typed = format!("from:{sender} {word}");
            Search { typed, means: Box::new(move |entry| has(&entry.words, &one) && entry.sender == sender) }
        }
        6 => {
            let channel = other.channel.clone();
            let typed = format!("in:{channel} {word}");
            Search { typed, means: Box::new(move |entry| has(&entry.words, &one) && entry.channel == channel) }
        }
        7 => {
            let day = other.day.clone();
            let typed = format!("{word} after:{day}");
            Search { typed, means: Box::new(move |entry| has(&entry.words, &one) && entry.day > day) }
        }
        _ => {
            let day = other.day.clone();
            let typed = format!("before:{day} {word}");
            Search { typed, means: Box::new(move |entry| has(&entry.words, &one) && entry.day < day) }
        }
    })
}

both_modes! {
    async fn random_searches_find_what_a_plain_scan_finds(world: &mut World) {
        let Some(file) = export() else { return };
        run(world.app(), &file, None).await.expect("imported");
        let source = Source::read(&file);
        let (_, username) = source.busiest();
        let person = imported(world, &username).await;
        let entries = entries(&source, &person).await;
        assert!(entries.len() > 1_000, "{}", entries.len());
        let (_, mut random) = seeded("random_searches_find_what_a_plain_scan_finds");
        let (mut done, mut found_any) = (0, 0);
        while done < SEARCHES {
            let (of, other) = (random.random_range(0..entries.len()), random.random_range(0..entries.len()));
            let below = |end: usize| random.random_range(0..end.max(1));
            let Some(search) = search(done % 9, &entries[of], &entries[other], below) else { continue };
            let expected: BTreeSet<&str> =
                entries.iter().filter(|entry| (search.means)(entry)).map(|entry| entry.id.as_str()).collect();
            let path = format!("/v1/search/messages?q={}&limit=100&sort=recent", percent_encoded(&search.typed));
            let items = person.all(&path).await;
            let found: BTreeSet<&str> =
                items.iter().map(|item| item["message"]["id"].as_str().expect("an id")).collect();
            assert_eq!((items.len(), &found), (expected.len(), &expected), "{}", search.typed);
            found_any += usize::from(!found.is_empty());
            done += 1;
        }
        assert!(found_any > SEARCHES / 2, "{found_any}");
    }
}
