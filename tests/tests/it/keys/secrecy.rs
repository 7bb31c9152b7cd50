//! Where private keys are: in the Parameter Store, and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::command::{Keys, status};
use super::{assert_settled, private_keys, turn};
use crate::aws::Aws;
use crate::client::Client;

#[tokio::test]
async fn private_keys_are_not_written_to_disk_or_output() {
    let (running, _turn) = turn().await;
    assert_settled(running).await;
    let aws = Aws::for_stack(&running.stack);
    let mut keys = private_keys(running).await;
    let stderr = Keys::start(running, &["rotate", "--yes", "--overlap", "20s"]).end().await.success();
    // The functions have loaded the new key after this.
    Client::for_stack(&running.stack).sign(&running.stack.assets.thumbnail).await;
    keys.extend(private_keys(running).await);
    assert_eq!(keys.len(), 3, "the old key, and then both");
    let lines = keys.iter().flat_map(|pem| pem.lines()).filter(|line| line.len() == 64);
    let encoded = keys.iter().map(|pem| STANDARD.encode(pem)[100..160].to_owned());
    let needles: Vec<String> = lines.map(str::to_owned).chain(encoded).collect();
    assert!(needles.len() >= 9);

    let contains_key =
        |text: &[u8]| needles.iter().any(|needle| memchr::memmem::find(text, needle.as_bytes()).is_some());
    assert!(
        contains_key(STANDARD.encode(&keys[0]).as_bytes()) && contains_key(keys[1].as_bytes()),
        "the search finds keys"
    );
    let (_, status) = status(running).await;
    let template = aws.cloudformation("GetTemplate").await;
    for text in [&stderr, &status.to_string(), &template] {
        assert!(!contains_key(text.as_bytes()), "{text}");
    }
    let state = running.file.parent().unwrap();
    let (mut directories, mut searched) = (vec![state.to_owned()], Vec::new());
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap().map_while(Result::ok) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_file()
                // PostgreSQL removes files while it runs.
                && let Ok(bytes) = std::fs::read(entry.path())
            {
                assert!(!contains_key(&bytes), "{}", entry.path().display());
                searched.push(entry.path());
            }
        }
    }
    for part in ["logs", "functions"] {
        assert!(searched.iter().any(|file| file.starts_with(state.join(part))), "{searched:?}");
    }
    Keys::start(running, &["rotate", "--yes", "--wait"]).end().await.success();
    assert_settled(running).await;
}
