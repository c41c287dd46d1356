//! Each event is told, also where a server drives the core by hand.

use std::fmt::Write as _;

use async_trait::async_trait;
use session_testkit::http::{self, BoxError, Request};

use super::*;

#[path = "../../../showcase/checks/events.rs"]
mod checks;

#[async_trait]
impl http::App for Door {
    async fn send(&self, request: Request) -> Result<http::Response, BoxError> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n",
            request.method,
            request.target,
            request.body.len()
        );
        for (name, value) in &request.headers {
            write!(head, "{name}: {}\r\n", str::from_utf8(value)?)?;
        }
        let answer = self.ask(&[head.as_bytes(), b"\r\n", &request.body].concat());
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
        let headers = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        Ok(http::Response {
            status: status(&answer).parse()?,
            headers: headers
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            body: body.into(),
        })
    }
}

#[test]
fn each_event_is_told_once() {
    pollster::block_on(checks::are_told(async |app| {
        let store = BlockingStore::new(Arc::clone(app.sessions().store())).unwrap();
        Arc::new(Door::to(app, store)) as Arc<dyn http::App>
    }));
}
