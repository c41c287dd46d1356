//! Moments and spans at the ends of what can be said.

use std::sync::Arc;
use std::time::Duration;

use session_core::{
    Expiry, ExpiryError, ManualClock, Moment, Policy, Session, from_micros, to_micros,
};
use time::macros::datetime;
use time::{OffsetDateTime, UtcOffset};

use crate::util::{START, World};

/// Moments of clocks and of lifetimes, in every zone.
fn moments() -> Vec<OffsetDateTime> {
    let all = [
        datetime!(-9999-01-01 00:00 UTC),
        datetime!(-9999-01-01 00:00:00.000_000_001 UTC),
        datetime!(-0001-12-31 23:59:59.999_999_999 UTC),
        datetime!(1969-12-31 23:59:59.999_999_999 UTC),
        datetime!(1970-01-01 00:00 UTC),
        datetime!(2024-02-29 23:59:59.999_999_5 UTC),
        datetime!(2100-02-28 23:59:59 UTC),
        datetime!(9999-12-31 00:00 UTC),
        datetime!(9999-12-31 23:59:59.999_999_999 UTC),
    ];
    let offsets = [-86_399, -43_200, -1, 0, 1, 50_400, 86_399];
    let shown = all.iter().flat_map(|moment| {
        offsets.iter().filter_map(|seconds| {
            let offset = UtcOffset::from_whole_seconds(*seconds).unwrap();
            moment.checked_to_offset(offset)
        })
    });
    // The same figures in another zone, which can be moments that UTC can't show.
    let meant = all.iter().flat_map(|moment| {
        offsets.iter().map(|seconds| {
            let offset = UtcOffset::from_whole_seconds(*seconds).unwrap();
            moment.replace_offset(offset)
        })
    });
    shown.chain(meant).collect()
}

#[test]
fn no_moment_of_a_clock_breaks_a_request_or_what_is_stored() {
    type Act = fn(&Session);
    let acts: [Act; 6] = [
        |_| {},
        |session| drop(session.insert("k", 1)),
        |session| drop(session.cycle()),
        |session| drop(session.sign_in("ada")),
        |session| drop(session.set_expiry(Expiry::After(Duration::MAX))),
        |session| drop(session.set_expiry(Expiry::BrowserClose)),
    ];
    for moment in moments() {
        let mut world = World::new(|policy| policy);
        let clock = Arc::new(ManualClock::new(moment));
        let builder = Policy::builder()
            .absolute(Duration::from_hours(1))
            .clock(Arc::clone(&clock));
        (world.policy, world.clock) = (Arc::new(builder.build().unwrap()), clock);
        let kept = from_micros(to_micros(moment));
        assert_eq!(kept, Some(world.now()), "{moment}");
        let mut cookie = String::new();
        for (act, step) in acts.iter().cycle().zip(0..24) {
            let seen = world.request(&cookie, 200, act);
            cookie = seen.id().unwrap_or(cookie);
            for record in world.model.lock().unwrap().0.values() {
                let until = record.secrets.remembered.as_ref().map(|it| it.until);
                let moments = [
                    record.created,
                    record.seen,
                    record.expires,
                    record.secrets.issued,
                ];
                for moment in moments.into_iter().chain(record.authenticated).chain(until) {
                    assert_eq!(from_micros(to_micros(moment)), Some(moment));
                }
            }
            match step % 3 {
                0 => world.advance(Duration::from_mins(59)),
                1 => world.set_back(Duration::from_hours(3)),
                _ => world.advance(Duration::from_hours(2)),
            }
        }
    }
}

#[test]
fn a_lifetime_until_a_moment_is_accepted_if_it_is_to_come_and_can_be_kept() {
    let (first, last) = (
        OffsetDateTime::from(START),
        datetime!(9999-12-31 23:59:59.999_999_999 UTC),
    );
    for moment in moments() {
        let world = World::new(|policy| policy);
        let mut told = None;
        let seen = world.request("", 200, |session| {
            told = Some(
                session
                    .set_expiry(Expiry::At(moment))
                    .map_err(|error| error.to_string()),
            );
        });
        let expected = if moment <= first {
            Err(ExpiryError::Past.to_string())
        } else if moment > last {
            Err(ExpiryError::Beyond.to_string())
        } else {
            Ok(())
        };
        let told = told.unwrap();
        assert_eq!(told.is_ok(), expected.is_ok(), "{moment}: {told:?}");
        if let Some(cookie) = seen.id() {
            let record = world.record(&cookie).unwrap();
            assert_eq!(
                record.expires,
                from_micros(to_micros(moment)).unwrap(),
                "{moment}"
            );
            assert_eq!(
                record.expiry.to_string().parse(),
                Ok(record.expiry),
                "{moment}"
            );
        }
    }
}

#[test]
fn a_lifetime_that_is_over_to_the_precision_of_stores_is_past() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    for (nanos, is_past) in [
        (0, true),
        (1, true),
        (999, true),
        (1_000, false),
        (1_700, false),
    ] {
        let moment = OffsetDateTime::from(world.now()) + Duration::from_nanos(nanos);
        let session = world.open(&cookie);
        let result = session.set_expiry(Expiry::At(moment));
        assert_eq!(result.is_err(), is_past, "{nanos}");
    }
}

#[test]
fn no_span_overflows_wherever_it_is_given() {
    let spans = [
        Duration::MAX,
        Duration::MAX.saturating_sub(Duration::from_nanos(1)),
        Duration::from_secs(u64::MAX),
        Duration::from_secs(i64::MAX.unsigned_abs()),
        Duration::from_secs(i64::MAX.unsigned_abs() + 1),
        Duration::from_micros(u64::MAX),
        Duration::from_nanos(u64::MAX),
        Duration::from_secs(400 * 24 * 60 * 60),
    ];
    for span in spans {
        let short = [1, 999, 1_000, 1_001].map(Duration::from_nanos);
        for idle in short.into_iter().chain([span]) {
            for absolute in [None, Some(span), Some(idle)] {
                let build = || {
                    let policy = Policy::builder().until_browser_close().idle(idle);
                    match absolute {
                        Some(absolute) => policy.absolute(absolute),
                        None => policy,
                    }
                };
                let is_long = idle >= Duration::from_micros(1)
                    && absolute.is_none_or(|absolute| absolute >= Duration::from_micros(1));
                assert_eq!(build().build().is_ok(), is_long, "{idle:?} {absolute:?}");
                for skew in [span, Duration::ZERO] {
                    let _ = build()
                        .clock_skew(skew)
                        .rotation_grace(skew)
                        .touch_every(skew)
                        .build();
                }
            }
        }
        let world = World::new(|policy| policy.idle(span).until_browser_close());
        let cookie = world.begin();
        for expiry in [Expiry::After(span), Expiry::BrowserClose, Expiry::Policy] {
            let seen = world.request(&cookie, 200, |session| {
                session.set_expiry(expiry).unwrap();
                assert!(session.expires_at().map(Moment::of) > Some(world.now()));
                assert!(session.expires_in().unwrap() > Duration::ZERO);
            });
            assert!(
                seen.max_age()
                    .is_none_or(|age| (1..=34_560_000).contains(&age)),
                "{span:?}"
            );
            let record = world.record(&cookie).unwrap();
            assert_eq!(from_micros(to_micros(record.expires)), Some(record.expires));
            assert_eq!(record.expiry.to_string().parse(), Ok(record.expiry));
        }
        for clock in [
            ManualClock::new(START),
            ManualClock::new(datetime!(-9999-01-01 0:00 UTC)),
        ] {
            clock.set_back(span);
            clock.advance(span);
            clock.advance(span);
        }
    }
    let world = World::new(|policy| policy);
    let session = world.open("");
    session
        .set_expiry(Expiry::After(Duration::from_nanos(1)))
        .unwrap();
    assert_eq!(session.expiry(), Expiry::After(Duration::from_micros(1)));
    assert!(session.set_expiry(Expiry::After(Duration::ZERO)).is_err());
}
