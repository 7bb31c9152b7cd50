//! `cargo xtask logs`: what the functions print comes to CloudWatch Logs, and is read there as one log.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::ChildStdout;
use tokio::time::timeout;

use crate::client::{Client, header};
use crate::stack::{run_xtask_of_stack, xtask_of_stack};
use crate::waiting::eventually;

/// Ask for a signed URL with a token that the gateway has not seen, so that the authorizer is asked; returns the id of the
/// request.
async fn ask(client: &Client) -> String {
    let token = client.open(&format!("{}/token/viewer", client.stack.issuer_url)).await.text().await.unwrap();
    let parameters = client.asset(&client.stack.assets.thumbnail);
    let request = client.request(Method::GET, "/cloudfront/sign", &parameters).bearer_auth(token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    header(&response, "apigw-requestid")
}

#[tokio::test]
async fn logs_of_all_functions_have_the_request_id() {
    let id = ask(&Client::new().await).await;
    let of_request = async || {
        let (code, stdout, stderr) = run_xtask_of_stack(&["logs", "--since", "15m"]).await;
        assert_eq!(code, Some(0), "{stderr}");
        let lines: Vec<_> = stdout.lines().filter(|line| line.contains(&id)).map(str::to_owned).collect();
        // Lines are delivered a moment after they were printed.
        (lines.len() == 2).then(|| lines.join("\n"))
    };
    let lines = eventually("both lines are in CloudWatch Logs", of_request).await;
    let lines = lines.replace(&id, "[id]");
    insta::with_settings!({ filters => [(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "[time]"),
        (r"(latency|duration|key_age|trace_id|dataset|package)=\S+", "$1=[…]"),
        (r"  cold_start=true", "")] }, {
        insta::assert_snapshot!(lines, @r#"
        [time]  authorizer  [id]  INFO   decision  outcome=admitted  duration=[…]  aws_calls=0  dataset=[…]  sql_statements=2  trace_id=[…]
        [time]  api         [id]  INFO   request  route="GET /cloudfront/sign"  status=200  outcome=ok  latency=[…]  aws_calls=0  dataset=[…]  key_age=[…]  organization=367  package=[…]  sql_statements=1  trace_id=[…]
        "#);
    });

    let arguments = ["logs", "--since", "15m", "--json", "--function", "api", "--function", "restore"];
    let (code, stdout, stderr) = run_xtask_of_stack(&arguments).await;
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["function"] != "authorizer"));
    let line = lines.iter().find(|line| line["request_id"] == id.as_str()).unwrap();
    assert_eq!((&line["function"], &line["message"]), (&"api".into(), &"request".into()));
    for name in ["timestamp", "requestId", "level"] {
        assert!(line[name].is_string(), "{name}: {line}");
    }
}

async fn await_line(lines: &mut Lines<BufReader<ChildStdout>>, id: &str) -> String {
    let found = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(id) {
                return line;
            }
        }
        panic!("it ended before it printed a line of request {id}")
    };
    timeout(Duration::from_mins(1), found).await.unwrap()
}

#[tokio::test]
async fn logs_follow_prints_new_lines_until_interrupted() {
    let client = Client::new().await;
    let before = ask(&client).await;
    let arguments = ["logs", "--follow", "--since", "15m", "--function", "api"];
    let mut child = xtask_of_stack(&arguments).await.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    await_line(&mut lines, &before).await;
    let after = ask(&client).await;
    let line = await_line(&mut lines, &after).await;
    assert!(line.contains("request") && line.contains("status=200"), "{line}");

    // Cargo has replaced itself with the command.
    let process = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).unwrap();
    kill_process(process, Signal::INT).unwrap();
    let status = timeout(Duration::from_mins(1), child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn closed_output_ends_logs_quietly_and_wrong_usage_is_an_error() {
    let id = ask(&Client::new().await).await;
    let arguments = ["logs", "--follow", "--since", "15m"];
    let mut child =
        xtask_of_stack(&arguments).await.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    await_line(&mut lines, &id).await;
    drop(lines);
    // The next line has no reader.
    ask(&Client::new().await).await;
    let output = timeout(Duration::from_mins(1), child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));

    let (code, _, stderr) = run_xtask_of_stack(&["logs", "--since", "banana"]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("expected a number and a unit, such as 90m, 2h or 1d"), "{stderr}");
}
