//! Requests that the page's own scripts send.

use std::time::Duration;

use serde_json::{Value, json};

use crate::visitor::Visitor;

#[derive(Debug)]
pub struct Answer {
    path: String,
    status: u16,
    body: String,
}

/// A request that is sent after a time in milliseconds; a `PUT` sets a value to 1.
pub fn request(at: u32, method: &str, path: &str) -> Value {
    json!([at, method, path, (method == "PUT").then_some("1")])
}

/// Ada's login.
pub fn login(at: u32, query: &str) -> Value {
    let user = json!({ "user": "ada" }).to_string();
    json!([at, "POST", format!("/api/login{query}"), user])
}

/// Lets the page send requests, and does not wait for the answers.
pub async fn send(visitor: &Visitor, requests: &[Value]) {
    let script = "window.answers = REQUESTS.map(async ([at, method, path, body]) => {
        await new Promise((go) => setTimeout(go, at));
        const answer = await fetch(path, { method, body });
        return [path, answer.status, await answer.text()];
    })";
    let requests = Value::from(requests).to_string();
    visitor.script(&script.replace("REQUESTS", &requests)).await;
}

/// Waits for the answers to what was sent.
pub async fn answers(visitor: &Visitor) -> Vec<Answer> {
    let answers = visitor.script("return Promise.all(window.answers)").await;
    let answers: Vec<(String, u16, String)> = serde_json::from_value(answers).unwrap();
    let of = |(path, status, body)| Answer { path, status, body };
    answers.into_iter().map(of).collect()
}

/// The sessions that were shown.
pub fn sessions(answers: &[Answer]) -> Vec<Value> {
    answers
        .iter()
        .filter(|answer| answer.path.starts_with("/api/session"))
        .map(|answer| serde_json::from_str(&answer.body).unwrap())
        .collect()
}

pub fn assert_answered(answers: &[Answer]) {
    for answer in answers {
        assert!(answer.status < 400, "{answer:?}");
    }
}

/// Sends a request at once, and goes away before its answer arrives.
pub async fn lose_the_answer(visitor: &Visitor, request: Value) {
    visitor.delay_answers(Duration::from_mins(1)).await;
    let script = "const [, method, path, body] = REQUEST;
        const away = new AbortController();
        const answer = fetch(path, { method, body, signal: away.signal });
        setTimeout(() => away.abort(), 2000);
        return answer.then(() => 'answered', (error) => error.name)";
    let script = script.replace("REQUEST", &request.to_string());
    assert_eq!(visitor.script(&script).await, "AbortError");
    visitor.delay_answers(Duration::ZERO).await;
}
