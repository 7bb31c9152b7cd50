//! curl, and the rules of HTTP that all clients depend on.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use url::Url;

use crate::MISSING;
use crate::check::{Check, Client, advice};
use crate::signature::{Signed, without_queries};
use crate::subject::Subject;

const TIMEOUT: Duration = Duration::from_mins(1);
const FOREIGN_ORIGIN: &str = "https://foreign.invalid";
/// The rule that viewers tell a missing chunk from an expired signature by.
pub(crate) const MISSING_IS_404: &str = "a missing asset is 404";

/// A response, as curl prints it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body_bytes: usize,
}

impl Response {
    fn parse(output: &[u8]) -> Option<Self> {
        let end = output.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&output[..end]);
        let mut lines = head.lines();
        let status = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Some(Self { status, headers: lines.filter_map(header).collect(), body_bytes: output.len() - end - 4 })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Sends a request with curl. The URL and the headers are not on its command line, which other users can read.
async fn send(method: &str, url: &Url, headers: &[(&str, &str)]) -> Result<Response, String> {
    let method = match method {
        "HEAD" => "head",
        "OPTIONS" => "request = \"OPTIONS\"",
        _ => "get",
    };
    let headers = headers.iter().map(|(name, value)| format!("header = \"{name}: {value}\""));
    let lines: Vec<String> =
        [format!("url = \"{url}\""), method.to_owned()].into_iter().chain(headers).collect();
    let configuration = lines.join("\n");
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--include", "--globoff", "--max-time", "30", "--config", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let run = async {
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(configuration.as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(TIMEOUT, run).await.map_err(|_| "curl does not end".to_owned())?;
    let output = output.map_err(|error| error.to_string())?;
    let errors = || without_queries(String::from_utf8_lossy(&output.stderr).trim());
    if !output.status.success() {
        return Err(errors());
    }
    Response::parse(&output.stdout).ok_or_else(errors)
}

/// Checks the rules with curl, and sets the size of the Parquet file.
pub(crate) async fn checks(subject: &Subject, signed: &Signed, size: &mut Option<u64>) -> Vec<Check> {
    let version = Command::new("curl").arg("--version").stdout(Stdio::null()).status().await;
    if !version.is_ok_and(|status| status.success()) {
        return vec![Check::skipped(Client::Curl, "reads the assets", "curl is not installed")];
    }
    let file = signed.package.url(&subject.parquet);
    let mut checks = Vec::new();
    let head = send("HEAD", &file, &[]).await;
    let length = head.as_ref().ok().and_then(|head| head.header("content-length")?.parse::<u64>().ok());
    *size = length;
    checks.push(judge("HEAD returns the size", head, |head| {
        let ranges = head.header("accept-ranges") == Some("bytes");
        (head.status == 200 && length.is_some() && ranges, advice::SIGNATURE_REFUSED)
    }));
    let expected = |range: &str| length.map(|length| format!("bytes {range}/{length}"));
    let first = expected("0-15");
    checks.push(judge(
        "a range is a part of the file",
        send("GET", &file, &[("Range", "bytes=0-15")]).await,
        |response| is_part(response, 16, first.as_deref()),
    ));
    let last = length.and_then(|length| expected(&format!("{}-{}", length.checked_sub(8)?, length - 1)));
    checks.push(judge(
        "a suffix range is the end of the file",
        send("GET", &file, &[("Range", "bytes=-8")]).await,
        |response| is_part(response, 8, last.as_deref()),
    ));
    checks.push(judge(
        "the signature of one file opens it",
        send("HEAD", &signed.file_url, &[]).await,
        |response| (response.status == 200, advice::SIGNATURE_REFUSED),
    ));
    checks.push(judge(MISSING_IS_404, send("GET", &signed.package.url(MISSING), &[]).await, |response| {
        (response.status == 404, advice::MISSING_IS_FORBIDDEN)
    }));
    for (rule, url) in forgeries(signed, &file) {
        checks.push(judge(rule, send("GET", &url, &[("Range", "bytes=0-0")]).await, |response| {
            (response.status == 403, advice::SIGNATURE_NOT_CHECKED)
        }));
    }
    checks.extend(cross_origin(subject, signed, &file).await);
    checks.push(presigned(subject).await);
    checks
}

fn judge(
    rule: &'static str,
    response: Result<Response, String>,
    holds: impl FnOnce(&Response) -> (bool, &'static str),
) -> Check {
    match response {
        Ok(response) => {
            let (holds, advice) = holds(&response);
            Check::of(Client::Curl, rule, holds, to_text(&response), advice)
        }
        Err(error) => Check::failed(Client::Curl, rule, error, advice::NO_RESPONSE),
    }
}

fn to_text(response: &Response) -> String {
    let shown = ["content-range", "access-control-allow-origin", "x-cache"];
    let headers = shown.iter().filter_map(|name| Some(format!("{name}: {}", response.header(name)?)));
    let parts: Vec<String> = [response.status.to_string()].into_iter().chain(headers).collect();
    parts.join(", ")
}

fn is_part(response: &Response, bytes: usize, content_range: Option<&str>) -> (bool, &'static str) {
    if response.status == 403 {
        return (false, advice::SIGNATURE_REFUSED);
    }
    let is_exact = content_range.is_some() && response.header("content-range") == content_range;
    (response.status == 206 && response.body_bytes == bytes && is_exact, advice::NO_RANGES)
}

/// Returns URLs that the CDN must refuse.
fn forgeries(signed: &Signed, file: &Url) -> Vec<(&'static str, Url)> {
    let altered = |url: &Url, name: &str, alter: &dyn Fn(&str) -> String| {
        let pairs = url.query().unwrap_or_default().split('&').map(|pair| match pair.split_once('=') {
            Some((found, value)) if found == name => format!("{found}={}", alter(value)),
            _ => pair.to_owned(),
        });
        let mut url = url.clone();
        let query = pairs.collect::<Vec<_>>().join("&");
        url.set_query(Some(&query));
        url
    };
    let flipped = |value: &str| {
        let first = if value.starts_with('A') { "B" } else { "A" };
        format!("{first}{}", value.get(1..).unwrap_or_default())
    };
    let mut unsigned = file.clone();
    unsigned.set_query(None);
    vec![
        ("an altered signature is refused", altered(file, "Signature", &flipped)),
        (
            "a URL with an expiry in the past is refused",
            altered(&signed.file_url, "Expires", &|_| "1".to_owned()),
        ),
        ("an unknown key is refused", altered(file, "Key-Pair-Id", &|_| "KUNKNOWN".to_owned())),
        ("the signature of a package does not open another one", of_another_package(file)),
        ("an asset without a signature is refused", unsigned),
    ]
}

/// Returns the URL with the number of another package: `/O1/D2/P3/a` becomes `/O1/D2/P31/a`.
fn of_another_package(url: &Url) -> Url {
    let mut url = url.clone();
    let segments: Vec<String> = url.path().split('/').skip(1).map(str::to_owned).collect();
    let other = segments.iter().enumerate().map(|(index, segment)| match index {
        2 => format!("{segment}1"),
        _ => segment.clone(),
    });
    let path = other.collect::<Vec<_>>().join("/");
    url.set_path(&path);
    url
}

async fn cross_origin(subject: &Subject, signed: &Signed, file: &Url) -> Vec<Check> {
    let preflight = |origin| {
        [
            ("Origin", origin),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "authorization,range"),
        ]
    };
    let api = subject.api("/cloudfront/sign", &[]);
    let allows = |response: &Response, origin: &str| matches!(response.header("access-control-allow-origin"), Some(found) if found == origin || found == "*");
    // An origin with a wildcard names no page.
    let allowed = subject.api_origins.iter().find(|origin| !origin.contains('*')).map(String::as_str);
    let is_open = subject.api_origins.iter().any(|origin| origin == "*");
    let allowed = allowed.or(is_open.then_some(FOREIGN_ORIGIN));
    let mut checks = Vec::new();
    let rule = "a page of an allowed origin may call the API";
    checks.push(match allowed {
        Some(origin) => judge(rule, send("OPTIONS", &api, &preflight(origin)).await, |response| {
            (response.status < 300 && allows(response, origin), advice::API_CORS)
        }),
        None => Check::skipped(Client::Curl, rule, "the environment names no origin without a wildcard"),
    });
    let rule = "a page of a foreign origin may not call the API";
    checks.push(if is_open {
        Check::skipped(Client::Curl, rule, "the environment allows every origin")
    } else {
        judge(rule, send("OPTIONS", &api, &preflight(FOREIGN_ORIGIN)).await, |response| {
            (!allows(response, FOREIGN_ORIGIN), advice::API_CORS)
        })
    });
    let origin = ("Origin", FOREIGN_ORIGIN);
    let ranged = [origin, ("Range", "bytes=0-0")];
    checks.push(judge(
        "a page of any origin may read an asset and its Content-Range",
        send("GET", file, &ranged).await,
        |response| {
            let exposed = response.header("access-control-expose-headers").unwrap_or_default();
            let is_exposed = exposed == "*"
                || exposed.to_ascii_lowercase().split(',').any(|it| it.trim() == "content-range");
            (allows(response, FOREIGN_ORIGIN) && is_exposed, advice::CDN_CORS)
        },
    ));
    checks.push(judge(
        "a page may see that an asset is missing",
        send("GET", &signed.package.url(MISSING), &[origin]).await,
        |response| (allows(response, FOREIGN_ORIGIN), advice::CDN_CORS),
    ));
    checks
}

/// Follows the redirect of `/presign/s3`, whose URL is presigned for the method of the request.
async fn presigned(subject: &Subject) -> Check {
    let rule = "the presigned URL of an asset opens it";
    let url = subject.api("/presign/s3", &[("path", &subject.parquet)]);
    let token = format!("Bearer {}", subject.token.expose());
    let redirect = match send("GET", &url, &[("Authorization", &token)]).await {
        Ok(redirect) => redirect,
        Err(error) => return Check::failed(Client::Curl, rule, error, advice::PRESIGN),
    };
    let location = redirect.header("location").and_then(|location| location.parse::<Url>().ok());
    let Some(location) = location.filter(|_| redirect.status == 307) else {
        return Check::failed(Client::Curl, rule, to_text(&redirect), advice::PRESIGN);
    };
    judge(rule, send("GET", &location, &[("Range", "bytes=0-15")]).await, |response| {
        (response.status == 206 && response.body_bytes == 16, advice::PRESIGN)
    })
}

#[cfg(test)]
mod tests {
    use super::{Response, forgeries, is_part, judge, of_another_package};
    use crate::check::{CheckResult, advice};
    use crate::signature::testing;

    #[test]
    fn output_of_curl_is_parsed() {
        let response = Response::parse(b"HTTP/2 206 \r\nContent-Range: bytes 0-1/9\r\n\r\nab").unwrap();
        assert_eq!((response.status, response.body_bytes), (206, 2));
        assert_eq!(response.header("content-range"), Some("bytes 0-1/9"));
        assert_eq!(Response::parse(b"not HTTP"), None);
    }

    #[test]
    fn refused_range_is_told_from_an_ignored_one() {
        let response = |status| Response { status, ..Response::default() };
        assert_eq!(is_part(&response(403), 16, None), (false, advice::SIGNATURE_REFUSED));
        assert_eq!(is_part(&response(200), 16, Some("bytes 0-15/99")), (false, advice::NO_RANGES));
    }

    #[test]
    fn missing_response_has_its_own_advice() {
        let check = judge("a file is served", Err("curl: (7) connection refused".to_owned()), |_| (true, ""));
        let found = "curl: (7) connection refused".to_owned();
        assert_eq!(check.result, CheckResult::Failed { found, advice: advice::NO_RESPONSE });
    }

    #[test]
    fn each_forgery_differs_from_the_signed_url() {
        let signed = testing();
        let file = signed.package.url("a");
        let forged: Vec<String> =
            forgeries(&signed, &file).into_iter().map(|(_, url)| url.to_string()).collect();
        assert_eq!(forged.len(), 5);
        assert!(!forged.contains(&file.to_string()) && !forged.contains(&signed.file_url.to_string()));
        assert!(forged.iter().any(|url| url.contains("/O1/D2/P31/a?")), "{forged:?}");
        assert_eq!(of_another_package(&file).query(), file.query());
    }
}
