//! What Prometheus reads, and that the dashboard asks for nothing else.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

async fn send(app: &Router, line: (&str, &str), cookie: &str, body: &str) -> Response<Body> {
    let request = Request::builder().method(line.0).uri(line.1);
    let request = request.header("cookie", cookie);
    let request = request.body(Body::from(body.to_owned())).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

fn cookie_of(response: &Response<Body>) -> String {
    let header = response.headers()["set-cookie"].to_str().unwrap();
    header.split(';').next().unwrap().to_owned()
}

async fn text_of(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

/// The names of metrics in a text, without the endings that Prometheus adds to a histogram.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("session_"));
    let plain = |word: &str| {
        let ends = ["_bucket", "_count", "_sum"];
        let end = ends.iter().find_map(|end| word.strip_suffix(end));
        end.unwrap_or(word).to_owned()
    };
    ours.map(plain).collect()
}

#[tokio::test]
async fn the_metrics_name_what_happens_and_nobody() {
    let (app, metrics) = metrics_axum::app(metrics_axum::install().unwrap()).unwrap();
    let visited = send(&app, ("GET", "/"), "", "").await;
    let first = cookie_of(&visited);
    let signed_in = send(&app, ("POST", "/login"), &first, "ada-the-owner").await;
    let second = cookie_of(&signed_in);
    let _ = send(&app, ("GET", "/"), &second, "").await;
    let forged = format!("session={}", "A".repeat(48));
    let _ = send(&app, ("GET", "/"), &forged, "").await;
    let scraped = text_of(send(&metrics, ("GET", "/metrics"), "", "").await).await;
    for line in [
        r#"session_events_total{kind="created"} 2"#,
        r#"session_events_total{kind="signed_in"} 1"#,
        r#"session_events_total{kind="unknown_id"} 1"#,
        r#"session_events_total{kind="logged_out"} 0"#,
        "session_swept_total 0",
        r#"session_store_seconds_count{command="insert",outcome="applied"} 3"#,
        r#"session_store_seconds_count{command="load",outcome="found"} 2"#,
        r#"session_store_seconds_count{command="load",outcome="absent"} 1"#,
        // The one that the sign-in has left reads on for its grace.
        "session_store_sessions 3",
    ] {
        assert!(scraped.lines().any(|it| it == line), "{line} in {scraped}");
    }
    let logged_out = send(&app, ("POST", "/logout"), &second, "").await;
    assert_eq!(logged_out.status(), 200);
    let scraped = text_of(send(&metrics, ("GET", "/metrics"), "", "").await).await;
    let line = r#"session_events_total{kind="logged_out"} 1"#;
    assert!(scraped.lines().any(|it| it == line), "{scraped}");
    // Neither whole nor in part: the first half of an id is the key, which is the handle.
    for cookie in [&first, &second, &forged] {
        let id = cookie.strip_prefix("session=").unwrap();
        for part in [&id[..22], &id[22..]] {
            assert!(!scraped.contains(part), "{scraped}");
        }
    }
    assert!(!scraped.contains("ada"), "{scraped}");
    let is_long = |word: &str| word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    assert!(!scraped.split(['"', ' ']).any(is_long), "{scraped}");

    let dashboard: Value = serde_json::from_str(include_str!("../dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() >= 6);
    let known = names(&scraped);
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().unwrap() {
            let asked = names(target["expr"].as_str().unwrap());
            assert!(
                !asked.is_empty() && asked.is_subset(&known),
                "{title}: {asked:?}"
            );
        }
    }
    let asked: BTreeSet<_> = panels
        .iter()
        .flat_map(|it| names(&it["targets"].to_string()))
        .collect();
    assert_eq!(asked, known, "each metric has a panel");
}
