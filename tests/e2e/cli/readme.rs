//! The README's second shell: every line is typed as it stands there, and what it prints is compared.

use tests::process::{Server, binary};
use tokio::process::Command;

/// Printed after each line, so that what a line prints can be told apart.
const MARK: &str = "<end of line>";

/// What is typed and what the README says that it prints.
struct Line {
    typed: String,
    prints: String,
}

/// The lines of the block of code that begins with this one.
fn block(readme: &str, first: &str) -> Vec<Line> {
    let begin = readme.find(first).expect("the block is there");
    let text = &readme[begin..];
    let text = &text[..text.find("```").expect("the block ends")];
    let lines = text.split("$ ").skip(1).map(|line| line.split_once('\n').expect("a line"));
    lines.map(|(typed, prints)| Line { typed: typed.to_owned(), prints: prints.trim_end().to_owned() }).collect()
}

/// Ids, times and the day on which a period began differ from run to run.
fn without_ids_and_times(text: &str) -> String {
    let shape = |text: &str| text.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect::<String>();
    let is = |text: &str, wanted: &str| shape(text).starts_with(wanted);
    let (mut left, mut out) = (text, String::new());
    while let Some(first) = left.chars().next() {
        let skipped = if is(left, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
            out.push_str("<id>");
            36
        } else if is(left, "xxxx-xx-xxTxx:xx:xx.xxxZ") {
            out.push_str("<time>");
            24
        } else if let Some(day) = left.strip_prefix("\"period\":") {
            out.push_str("<period>");
            left.len() - day.trim_start_matches(|c: char| c.is_ascii_digit()).len()
        } else {
            out.push(first);
            first.len_utf8()
        };
        left = &left[skipped..];
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_lines_do_what_it_says() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let lines = block(&readme, "$ url=http://127.0.0.1:8080/v1");
    assert!(lines.len() > 5 && lines.iter().filter(|line| !line.prints.is_empty()).count() > 2);
    let mut script = String::new();
    for line in &lines {
        let typed = line.typed.replace("http://127.0.0.1:8080", &server.http.base);
        let tidings = format!("{} --data {}", binary().display(), data.path().display());
        let typed = typed.replace("target/release/tidings log read", &format!("{tidings} log read"));
        script.push_str(&format!("{typed}\necho; echo '{MARK}'\n"));
    }
    let output = Command::new("bash").args(["-euc", &script]).output().await.expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    for (line, printed) in lines.iter().zip(printed.split(MARK)) {
        assert_eq!(without_ids_and_times(printed.trim()), without_ids_and_times(&line.prints), "{}", line.typed);
    }
    assert_eq!(printed.matches(MARK).count(), lines.len());
    server.stop().await;
}
