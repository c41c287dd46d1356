//! What a policy refuses and accepts.
#![allow(clippy::unwrap_used)]

mod attributes;
mod combinations;
mod headers;
#[path = "../util/mod.rs"]
mod util;

use std::time::Duration;

use session_core::{Carrier, Policy, PolicyBuilder, SameSite};

type Configure = fn(PolicyBuilder) -> PolicyBuilder;

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn what_cannot_work_is_refused_with_the_field_and_the_remedy() {
    let rows: &[(Configure, &str)] = &[
        (|p| p.cookie_name(""), "cookie_name"),
        (|p| p.cookie_name("a b"), "cookie_name"),
        (|p| p.cookie_name("a;b"), "cookie_name"),
        (|p| p.cookie_name("a=b"), "cookie_name"),
        (|p| p.cookie_name("a\r\nSet-Cookie: x"), "cookie_name"),
        (|p| p.cookie_name("é"), "cookie_name"),
        (|p| p.cookie_name("x".repeat(256)), "cookie_name"),
        (|p| p.path("/admin"), "Path=/"),
        (|p| p.carrier(Carrier::Both).plain_ids(), "Carrier::Cookie"),
        (|p| p.carrier(Carrier::Bearer).plain_ids(), "plain_ids"),
        (|p| p.rotate_every(HOUR).plain_ids(), "rotate_every"),
        (|p| p.rotate_every(Duration::ZERO), "rotate_every"),
        (|p| p.domain("example.com"), "no Domain"),
        (|p| p.insecure().cookie_name("__Host-s"), "insecure"),
        (|p| p.insecure().cookie_name("__hOsT-s"), "insecure"),
        (|p| p.insecure().cookie_name("__Secure-s"), "insecure"),
        (|p| p.insecure().cookie_name("__Http-s"), "insecure"),
        (|p| p.insecure().cookie_name("__Host-Http-s"), "insecure"),
        (
            |p| p.cookie_name("__Http-s").danger_readable_by_scripts(),
            "HttpOnly",
        ),
        (
            |p| p.cookie_name("__hoST-HtTP-s").danger_readable_by_scripts(),
            "HttpOnly",
        ),
        (
            |p| p.cookie_name("__Host-Http-s").path("/admin"),
            "`__Http-`",
        ),
        (
            |p| p.cookie_name("__Host-Http-s").domain("example.com"),
            "`__Http-`",
        ),
        (|p| p.insecure().same_site(SameSite::None), "SameSite=None"),
        (|p| p.partitioned(), "SameSite=None"),
        (
            |p| p.partitioned().same_site(SameSite::Strict),
            "SameSite=None",
        ),
        (|p| p.insecure().partitioned(), "Partitioned"),
        (|p| p.idle(Duration::ZERO), "idle"),
        (|p| p.idle(Duration::from_nanos(999)), "idle"),
        (|p| p.absolute(Duration::ZERO), "absolute"),
        (|p| p.absolute(Duration::from_nanos(999)), "absolute"),
        (|p| p.anonymous_idle(Duration::ZERO), "anonymous_idle"),
        (
            |p| p.idle(HOUR).anonymous_idle(HOUR + Duration::from_nanos(1)),
            "anonymous_idle: must be idle or less",
        ),
        (
            |p| p.idle(HOUR).touch_every(HOUR / 2 + Duration::from_nanos(1)),
            "touch_every: must be at most half of idle",
        ),
        (|p| p.idle(HOUR).touch_every(Duration::MAX), "touch_every"),
        (
            |p| p.touch_every(Duration::from_hours(14 * 24)),
            "touch_every",
        ),
        (
            |p| p.clock_skew(Duration::from_hours(24) + Duration::from_nanos(1)),
            "clock_skew: must be a day or less",
        ),
        (
            |p| p.watch_every(Duration::from_nanos(99_999_999)),
            "watch_every: must be 100 milliseconds to a minute",
        ),
        (
            |p| p.watch_every(Duration::from_mins(1) + Duration::from_nanos(1)),
            "watch_every",
        ),
        (
            |p| p.rotation_grace(Duration::from_mins(5) + Duration::from_micros(1)),
            "rotation_grace",
        ),
        (|p| p.idle(Duration::from_hours(24 * 401)), "400 days"),
        (|p| p.max_bytes(0), "max_bytes"),
        (|p| p.max_value_bytes(0), "max_value_bytes"),
    ];
    for (configure, names) in rows {
        let error = configure(Policy::builder())
            .build()
            .unwrap_err()
            .to_string();
        assert!(error.contains(names), "{names}: {error}");
    }
}

#[test]
fn what_can_work_is_accepted() {
    let rows: &[Configure] = &[
        |p| p,
        |p| p.rotation_grace(Duration::ZERO),
        |p| p.rotation_grace(Duration::from_mins(5)),
        |p| p.watch_every(Duration::from_millis(100)),
        |p| p.watch_every(Duration::from_mins(1)),
        |p| p.clock_skew(Duration::ZERO),
        |p| p.clock_skew(Duration::from_hours(24)),
        |p| p.idle(Duration::from_micros(1)),
        |p| p.idle(HOUR).touch_every(HOUR / 2),
        |p| p.idle(HOUR).anonymous_idle(HOUR),
        |p| p.absolute(HOUR).anonymous_idle(HOUR * 2),
        // The session ends by the absolute limit before anything is extended.
        |p| p.absolute(HOUR).touch_every(HOUR * 2),
        |p| p.cookie_name("__Http-s").domain("example.com").path("/a"),
        |p| p.cookie_name("__Host-Http-s"),
        |p| p.cookie_name("__Http_s").danger_readable_by_scripts(),
        |p| p.insecure(),
        |p| {
            p.cookie_name("__Secure-s")
                .domain("example.com")
                .path("/admin")
        },
        |p| p.same_site(SameSite::None).partitioned(),
        |p| p.idle(Duration::from_hours(24 * 400)),
        |p| {
            p.idle(Duration::from_hours(24 * 4000))
                .absolute(Duration::from_hours(24 * 400))
        },
        |p| {
            p.idle(Duration::from_hours(24 * 4000))
                .until_browser_close()
        },
        |p| p.touch_every(Duration::ZERO),
        |p| p.max_value_bytes(1),
    ];
    for configure in rows {
        configure(Policy::builder()).build().unwrap();
    }
}

#[test]
fn how_clocks_and_secrets_overlap_is_told_as_it_was_set() {
    let policy = Policy::default();
    assert_eq!(policy.rotation_grace(), Duration::from_secs(10));
    assert_eq!(policy.clock_skew(), Duration::from_mins(5));
    let policy = Policy::builder()
        .rotation_grace(Duration::from_secs(7))
        .clock_skew(Duration::from_secs(8));
    let policy = policy.build().unwrap();
    assert_eq!(policy.rotation_grace(), Duration::from_secs(7));
    assert_eq!(policy.clock_skew(), Duration::from_secs(8));
}
