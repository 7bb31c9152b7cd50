//! The most recent requests, for the console.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// How many requests are kept.
const KEPT: usize = 100;

/// A request that has a response. Like the access log, it has no values of parameters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServedRequest {
    /// The id, which is the response header `apigw-requestid`.
    pub id: String,
    /// When it arrived.
    pub time: DateTime<Utc>,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The key of the route, such as `POST /restore`, if a route matches.
    pub route: Option<String>,
    /// The status of the response.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub duration: f64,
}

/// The most recent requests, the newest first.
#[derive(Debug, Default)]
pub struct RecentRequests(VecDeque<ServedRequest>);

impl RecentRequests {
    /// Returns the requests, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &ServedRequest> {
        self.0.iter()
    }

    pub(super) fn add(&mut self, request: ServedRequest) {
        self.0.truncate(KEPT - 1);
        self.0.push_front(request);
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::{KEPT, RecentRequests, ServedRequest};

    #[test]
    fn oldest_requests_are_forgotten() {
        let mut recent = RecentRequests::default();
        for status in 0..150 {
            recent.add(ServedRequest {
                id: "id".to_owned(),
                time: Utc::now(),
                method: "GET".to_owned(),
                path: "/".to_owned(),
                route: None,
                status,
                duration: 1.0,
            });
        }
        let kept: Vec<u16> = recent.iter().map(|request| request.status).collect();
        assert_eq!((kept.len(), kept[0], kept[KEPT - 1]), (KEPT, 149, 50));
    }
}
