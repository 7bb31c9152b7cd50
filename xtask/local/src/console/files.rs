//! The files of the page, which are part of this binary.

use axum::Router;
use axum::routing::get;

use super::document;

/// Describes each file of `page/` by its path and content.
macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("page/", $path)))),*]
    };
}

const FILES: [(&str, &str); 25] = files![
    "index.html",
    "api.js",
    "console.css",
    "console.js",
    "elements.js",
    "format.js",
    "packages-client.js",
    "server.js",
    "panels/data.js",
    "panels/exchange.js",
    "panels/keys.js",
    "panels/metrics.css",
    "panels/metrics.js",
    "panels/packages.css",
    "panels/packages.js",
    "panels/queue.js",
    "panels/reference.css",
    "panels/reference.js",
    "panels/requests.css",
    "panels/requests.js",
    "panels/running.js",
    "panels/traces.css",
    "panels/traces.js",
    "panels/try.css",
    "panels/try.js",
];

/// Returns a route for each file.
pub(super) fn routes() -> Router {
    FILES.into_iter().fold(Router::new(), |routes, (path, text)| {
        let path = format!("/{}", path.trim_start_matches("index.html"));
        let content_type = match path.rsplit('.').next() {
            Some("css") => "text/css",
            Some("js") => "text/javascript",
            _ => "text/html; charset=utf-8",
        };
        routes.route(&path, get(async move || document(content_type, text.to_owned())))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::testing::TestConsole;
    use super::FILES;

    /// The limit for all files together, uncompressed.
    const MAXIMUM_BYTES: usize = 90_000;

    #[tokio::test]
    async fn files_are_served_with_a_strict_policy() {
        let console = TestConsole::start().await;
        for (path, content_type) in [
            ("/", "text/html; charset=utf-8"),
            ("/console.css", "text/css"),
            ("/panels/packages.js", "text/javascript"),
        ] {
            let found = console.get(path).send().await.unwrap().error_for_status().unwrap();
            assert_eq!(found.headers()["content-type"], content_type);
            let policy = found.headers()["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(policy.contains("http://127.0.0.1:9001 http://127.0.0.1:9002"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
        }
        console.stop().await;
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/page");
        let of =
            |name: &str| std::fs::read_dir(directory.join(name)).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<String> = of(".")
            .chain(of("panels"))
            .filter(|path| path.is_file())
            .map(|path| {
                path.strip_prefix(&directory).unwrap().to_str().unwrap().trim_start_matches("./").to_owned()
            })
            .collect();
        paths.sort();
        let mut served: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        served.sort_unstable();
        assert_eq!(served, paths);
    }

    /// The policy forbids both anyway, but this test fails before a user opens the page.
    #[test]
    fn page_has_no_inline_code_and_no_external_resources() {
        for (path, text) in FILES {
            let forbidden: &[&str] = match path.rsplit('.').next() {
                Some("html") => &["style=", "<style", "http:", "https:", "onclick"],
                Some("css") => &["url(", "@import"],
                _ => &["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("],
            };
            for word in forbidden {
                assert!(!text.contains(word), "{path} has {word}");
            }
        }
    }

    #[test]
    fn page_is_small() {
        let total: usize = FILES.iter().map(|(_, text)| text.len()).sum();
        assert!(total < MAXIMUM_BYTES, "{total} bytes");
    }
}
