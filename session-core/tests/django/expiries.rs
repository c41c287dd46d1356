//! `_session_expiry` in every form, and what Django made of it.

use proptest::prelude::*;
use serde_json::Value;
use session_core::django::{ExpiryProblem, SessionExpiry, Zone};
use session_core::time::macros::datetime;
use session_core::time::{Duration, OffsetDateTime};
use session_core::{Expiry, from_micros, time, to_micros};

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

/// What Django's own `get_expiry_age`, `get_expiry_date` and `get_expire_at_browser_close` say of each.
#[test]
fn every_form_means_what_django_takes_it_for() {
    use ExpiryProblem as Problem;
    let after = |span| Ok(SessionExpiry::After(span));
    let now = datetime!(2026-06-01 12:00 UTC);
    for (json, expected) in [
        ("null", Ok(SessionExpiry::Settings)),
        ("[]", Ok(SessionExpiry::Settings)),
        ("{ }", Ok(SessionExpiry::Settings)),
        ("0", Ok(SessionExpiry::BrowserClose)),
        ("-0", Ok(SessionExpiry::BrowserClose)),
        ("0.0", Ok(SessionExpiry::BrowserClose)),
        ("-0e5", Ok(SessionExpiry::BrowserClose)),
        ("false", Ok(SessionExpiry::BrowserClose)),
        ("true", after(Duration::SECOND)),
        (" 300 ", after(Duration::seconds(300))),
        ("-10", after(Duration::seconds(-10))),
        ("1.5", after(Duration::milliseconds(1500))),
        ("-0.5", after(Duration::milliseconds(-500))),
        ("3e2", after(Duration::seconds(300))),
        // To the microsecond, half to even.
        ("0.0000015", after(Duration::microseconds(2))),
        ("0.0000025", after(Duration::microseconds(2))),
        ("1e-9", after(Duration::ZERO)),
        ("NaN", Err(Problem::NotANumber)),
        ("Infinity", Err(Problem::Beyond)),
        ("-Infinity", Err(Problem::Beyond)),
        ("1e400", Err(Problem::Beyond)),
        ("251600000000", after(Duration::seconds(251_600_000_000))),
        ("251700000000", Err(Problem::Beyond)),
        ("-63900000000", after(Duration::seconds(-63_900_000_000))),
        ("-64000000000", Err(Problem::Beyond)),
        ("99999999999999999999999", Err(Problem::Beyond)),
        ("9223372036854775807", Err(Problem::Beyond)),
        ("\"\"", Err(Problem::NoMoment)),
        ("\"300\"", Err(Problem::NoMoment)),
        ("\"\\ud800\"", Err(Problem::NoMoment)),
        ("\"2026-06-02T03:04:05\"", Err(Problem::Naive)),
        (
            "\"2026-06-02\\u005403:04:05Z\"",
            Ok(SessionExpiry::At(datetime!(2026-06-02 3:04:05 UTC))),
        ),
        ("\"9999-12-31T23:59:59-01:00\"", Err(Problem::Beyond)),
        ("\"0001-01-01T00:00:00+01:00\"", Err(Problem::Beyond)),
        ("[1]", Err(Problem::Type)),
        ("{\"a\":1}", Err(Problem::Type)),
    ] {
        let read = SessionExpiry::parse(Some(json), &Zone::use_tz(), now);
        assert_eq!(read, expected, "{json}");
    }
    let zone = Zone::local("America/New_York").unwrap();
    let aware = SessionExpiry::parse(Some("\"2026-06-02T03:04:05Z\""), &zone, now);
    assert_eq!(aware, Err(Problem::Aware));
    let absent = SessionExpiry::parse(None, &zone, now);
    assert_eq!(absent, Ok(SessionExpiry::Settings));
}

#[test]
fn an_expiry_is_written_so_that_every_django_can_save_it() {
    let local = Zone::local("America/New_York").unwrap();
    for (expiry, aware, naive) in [
        (Expiry::Policy, None, None),
        (Expiry::BrowserClose, Some("0"), Some("0")),
        (seconds(300.0), Some("300"), Some("300")),
        (seconds(1.5), Some("1.5"), Some("1.5")),
        (seconds(1e-6), Some("1e-6"), Some("1e-6")),
        // No Python can add 300,000 years to a moment.
        (seconds(9e12), Some("31556952000"), Some("31556952000")),
        (
            Expiry::At(datetime!(2026-06-02 7:04:05 UTC)),
            Some("\"2026-06-02T07:04:05+00:00\""),
            Some("\"2026-06-02T03:04:05\""),
        ),
        (
            Expiry::At(datetime!(2026-06-02 7:04:05.000_120 +2)),
            Some("\"2026-06-02T05:04:05.000120+00:00\""),
            Some("\"2026-06-02T01:04:05.000120\""),
        ),
    ] {
        let expiry = SessionExpiry::from(expiry);
        assert_eq!(expiry.to_json(&Zone::use_tz()).as_deref(), aware);
        assert_eq!(expiry.to_json(&local).as_deref(), naive);
    }
    let ended = SessionExpiry::After(Duration::ZERO);
    assert_eq!(ended.to_json(&local).as_deref(), Some("-1"));
    assert_eq!(Expiry::from(ended), seconds(1e-6));
    let ended = SessionExpiry::After(Duration::seconds(-10));
    assert_eq!(ended.to_json(&local).as_deref(), Some("-10"));
    assert_eq!(Expiry::from(ended), seconds(1e-6));
}

fn seconds(seconds: f64) -> Expiry {
    Expiry::After(std::time::Duration::from_secs_f64(seconds))
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_what_it_was(
        micros in 1..1_000_000_000_000_000_i64,
        at in -2_000_000_000_000_000..100_000_000_000_000_000_i64,
        is_whole in any::<bool>(),
    ) {
        let now = datetime!(2026-06-01 12:00 UTC);
        let span = if is_whole { micros / 1_000_000 * 1_000_000 + 1_000_000 } else { micros };
        let moment = OffsetDateTime::from(from_micros(at).unwrap());
        let kolkata = Zone::local("Asia/Kolkata").unwrap();
        for zone in [Zone::use_tz(), kolkata] {
            for expiry in [
                SessionExpiry::After(Duration::microseconds(span)),
                SessionExpiry::At(moment),
            ] {
                let json = expiry.to_json(&zone).unwrap();
                prop_assert_eq!(SessionExpiry::parse(Some(&json), &zone, now), Ok(expiry));
                prop_assert_eq!(SessionExpiry::from(Expiry::from(expiry)), expiry);
            }
            let column = zone.to_column(moment);
            prop_assert_eq!(zone.read_column(&column), Some(moment));
        }
        // Where clocks change, a wall clock's hour that comes twice is read as the first.
        let berlin = Zone::local("Europe/Berlin").unwrap();
        let read = berlin.moment(berlin.naive(moment));
        let earlier = to_micros(moment) - to_micros(read);
        prop_assert!(earlier == 0 || earlier == 3_600_000_000, "{moment} {read}");
    }
}
