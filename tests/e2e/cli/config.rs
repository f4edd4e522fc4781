//! `tidings config check`.

use std::fs;
use tests::process::shell;

#[tokio::test]
async fn a_good_file_passes_and_a_bad_one_is_told_by_name() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("tidings.toml");
    let path = file.to_str().expect("a path in UTF-8").to_owned();
    let check = async || shell(data.path(), &["config", "check", "--config", &path], "", &[]).await;
    fs::write(&file, "[server]\nlisten = \"127.0.0.1:9000\"\n[limits]\nrates = \"off\"\n").unwrap();
    assert_eq!(check().await.status.code(), Some(0));
    for (bad, name) in [
        ("[server]\nlissten = \"x\"\n", "lissten"),
        ("[auth]\naccess_token_seconds = -5\n", "access_token_seconds"),
        ("[servers]\n", "servers"),
        ("not toml", "tidings.toml"),
    ] {
        fs::write(&file, bad).unwrap();
        let output = check().await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.contains(name), "{name}: {:?} {told}", output.status.code());
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(check().await.status.code(), Some(1));
}
