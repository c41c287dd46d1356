//! What a policy refuses, and what it makes of cookies and headers.
#![allow(clippy::unwrap_used)]

mod util;

use std::time::Duration;

use session_core::{Headers, Policy, PolicyBuilder, Reply, SameSite};
use util::World;

type Configure = fn(PolicyBuilder) -> PolicyBuilder;

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
        (|p| p.path("admin"), "path"),
        (|p| p.path("/a;b").cookie_name("s"), "path"),
        (|p| p.path("/\n").cookie_name("s"), "path"),
        (|p| p.path("/admin"), "Path=/"),
        (|p| p.domain("example.com"), "no Domain"),
        (|p| p.domain("").cookie_name("s"), "domain"),
        (|p| p.domain("a b").cookie_name("s"), "domain"),
        (|p| p.domain("x".repeat(1025)).cookie_name("s"), "domain"),
        (|p| p.insecure().cookie_name("__Host-s"), "insecure"),
        (|p| p.insecure().cookie_name("__hOsT-s"), "insecure"),
        (|p| p.insecure().cookie_name("__Secure-s"), "insecure"),
        (|p| p.insecure().same_site(SameSite::None), "SameSite=None"),
        (|p| p.insecure().partitioned(), "Partitioned"),
        (|p| p.idle(Duration::ZERO), "idle"),
        (|p| p.absolute(Duration::ZERO), "absolute"),
        (
            |p| p.rotation_grace(Duration::from_mins(5) + Duration::from_micros(1)),
            "rotation_grace",
        ),
        (|p| p.idle(Duration::from_hours(24 * 401)), "400 days"),
        (|p| p.max_bytes(0), "max_bytes"),
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
        |p| p.clock_skew(Duration::ZERO),
        |p| p.clock_skew(Duration::MAX),
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

/// The attributes after the value, without those that differ between setting and removing.
fn identity(cookie: &str) -> Vec<&str> {
    let parts = cookie.split("; ").skip(1);
    parts
        .filter(|part| !part.starts_with("Max-Age") && !part.starts_with("Expires"))
        .collect()
}

#[test]
fn a_cookie_is_set_and_removed_with_the_same_attributes() {
    let rows: &[(Configure, &str, &str)] = &[
        (
            |p| p,
            "__Host-session",
            "Path=/; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            |p| p.insecure(),
            "session",
            "Path=/; HttpOnly; SameSite=Lax",
        ),
        (
            |p| {
                p.cookie_name("s")
                    .path("/a")
                    .domain("example.com")
                    .same_site(SameSite::Strict)
            },
            "s",
            "Path=/a; Domain=example.com; Secure; HttpOnly; SameSite=Strict",
        ),
        (
            |p| {
                p.same_site(SameSite::None)
                    .partitioned()
                    .danger_readable_by_scripts()
            },
            "__Host-session",
            "Path=/; Secure; SameSite=None; Partitioned",
        ),
    ];
    for (configure, name, attributes) in rows {
        let world = World::new(configure);
        let set = world.request("", 200, |session| session.insert("k", 1).unwrap());
        let text = set.reply.set_cookie().unwrap();
        assert!(text.starts_with(&format!("{name}=")), "{text}");
        assert!(text.contains("; Max-Age=1209600"), "{text}");
        assert_eq!(identity(text).join("; "), *attributes);

        let removed = world.request(&set.id().unwrap(), 200, |session| {
            session.destroy().unwrap();
        });
        let text = removed.reply.set_cookie().unwrap();
        assert!(
            text.starts_with(&format!(
                "{name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
            )),
            "{text}"
        );
        assert_eq!(identity(text).join("; "), *attributes);
    }
}

/// Headers as a list.
#[derive(Default)]
struct List(Vec<(String, String)>);

impl Headers for List {
    fn values(&self, name: &str) -> Vec<String> {
        let of_name = self
            .0
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.clone()).collect()
    }

    fn append(&mut self, name: &'static str, value: &str) {
        self.0.push((name.into(), value.into()));
    }

    fn replace(&mut self, name: &'static str, value: &str) {
        self.0.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.append(name, value);
    }
}

#[test]
fn vary_and_cache_control_are_merged_and_never_weakened() {
    // header, what the application set, what goes out when our cookie is set.
    let rows: &[(&str, &[&str], &[&str])] = &[
        ("vary", &[], &["Cookie"]),
        ("vary", &["Accept"], &["Accept, Cookie"]),
        ("vary", &["Accept", "Origin"], &["Accept, Origin, Cookie"]),
        ("vary", &["Accept, COOKIE "], &["Accept, COOKIE "]),
        ("vary", &["*"], &["*"]),
        ("vary", &["Accept", " * "], &["Accept", " * "]),
        ("vary", &[""], &["Cookie"]),
        ("cache-control", &[], &["private"]),
        ("cache-control", &["max-age=60"], &["max-age=60, private"]),
        (
            "cache-control",
            &["public, max-age=60, S-MaxAge=9"],
            &["max-age=60, private"],
        ),
        ("cache-control", &["Public"], &["private"]),
        ("cache-control", &["no-store"], &["no-store"]),
        (
            "cache-control",
            &["max-age=1", "PRIVATE"],
            &["max-age=1", "PRIVATE"],
        ),
        ("cache-control", &["no-cache"], &["no-cache, private"]),
    ];
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| session.insert("k", 1).unwrap());
    for (name, before, after) in rows {
        let mut headers = List::default();
        before
            .iter()
            .for_each(|value| headers.0.push(((*name).into(), (*value).into())));
        seen.reply.apply(&mut headers);
        assert_eq!(headers.values(name), *after, "{name}: {before:?}");
        assert_eq!(headers.values("set-cookie").len(), 1);
    }
}

#[test]
fn what_stands_there_already_is_not_added_again() {
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| session.insert("k", 1).unwrap());
    let mut headers = List::default();
    headers.append("set-cookie", "a=1");
    for _ in 0..2 {
        seen.reply.apply(&mut headers);
        headers.append("set-cookie", "b=2");
    }
    let ours = seen.reply.set_cookie().unwrap();
    assert_eq!(headers.values("Set-Cookie"), ["a=1", ours, "b=2", "b=2"]);
    assert_eq!(headers.values("vary"), ["Cookie"]);
    assert_eq!(headers.values("cache-control"), ["private"]);
}

#[test]
fn a_read_varies_and_stays_cacheable_by_its_visitor_and_the_untouched_adds_nothing() {
    let world = World::new(|policy| policy);
    let read = world.request("", 200, |_| {});
    let mut headers = List::default();
    read.reply.apply(&mut headers);
    assert_eq!(headers.0, [("vary".to_owned(), "Cookie".to_owned())]);

    let mut headers = List::default();
    Reply::default().apply(&mut headers);
    assert!(headers.0.is_empty());
}
