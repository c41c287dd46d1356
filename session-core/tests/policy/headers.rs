//! The headers of a response beside our cookie.

use session_core::{Headers, Reply};
use session_testkit::HeaderList;

use crate::util::World;

// Header, what the application set, what goes out when our cookie is set.
const ROWS: &[(&str, &[&str], &[&str])] = &[
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
    (
        "cache-control",
        &[r#"ext="a, public, b", public"#],
        &[r#"ext="a, public, b", private"#],
    ),
    (
        "cache-control",
        &[r#"ext="private, no-store""#],
        &[r#"ext="private, no-store", private"#],
    ),
    (
        "cache-control",
        &[r#"Private="set-cookie", no-cache="x""#],
        &[r#"no-cache="x", private"#],
    ),
    ("cache-control", &[r#"a, x="open"#], &["a, private"]),
    // A cache that knows `must-understand` ignores `no-store` beside it (RFC 9111, 5.2.2.3).
    (
        "cache-control",
        &["must-understand, no-store", "max-age=60"],
        &["must-understand, no-store, max-age=60, private"],
    ),
    (
        "cache-control",
        &["public, Must-Understand", "NO-STORE"],
        &["Must-Understand, NO-STORE, private"],
    ),
    (
        "cache-control",
        &["must-understand, no-store, private"],
        &["must-understand, no-store, private"],
    ),
    (
        "cache-control",
        &[r#"x="must-understand", no-store"#],
        &[r#"x="must-understand", no-store"#],
    ),
    (
        "cache-control",
        &[",, ,\tpublic\t,,", ",", "\t"],
        &["private"],
    ),
    (
        "cache-control",
        &["PUBLIC = 1", "s-maxage = 5"],
        &["private"],
    ),
    (
        "cache-control",
        &["no-store=1", "private = x"],
        &["no-store=1, private"],
    ),
    (
        "cache-control",
        &["\"private\"", "xprivate"],
        &["\"private\", xprivate, private"],
    ),
    (
        "cache-control",
        &[r#"x="\\", public, y="\"", s-maxage=1, z="a\\\"b, no-store""#],
        &[r#"x="\\", y="\"", z="a\\\"b, no-store", private"#],
    ),
    (
        "cache-control",
        &[r#"private=""#, "max-age=1"],
        &["max-age=1, private"],
    ),
    ("cdn-cache-control", &["must-understand, no-store"], &[]),
    ("CDN-CACHE-CONTROL", &["private;x=1"], &[]),
    ("cdn-cache-control", &["private=?0"], &[]),
    ("Netlify-Vary", &["query=a"], &["query=a"]),
    ("Vercel-CDN-Cache-Control", &["s-maxage=1"], &[]),
    ("edge-control", &["cache-maxage=60s"], &[]),
    ("surrogate-control", &["no-store-remote"], &[]),
    ("vary", &["Accept,, ,", ","], &["Accept, Cookie"]),
    (
        "vary",
        &["Cookies", "X-Cookie"],
        &["Cookies, X-Cookie, Cookie"],
    ),
    ("vary", &["\tcookie\t"], &["\tcookie\t"]),
    ("vary", &["**", "a*"], &["**, a*, Cookie"]),
    ("cdn-cache-control", &["public, max-age=60"], &[]),
    ("cdn-cache-control", &["max-age=60"], &[]),
    ("cdn-cache-control", &[r#"max-age=60, x="no-store""#], &[]),
    ("CDN-Cache-Control", &["no-store"], &["no-store"]),
    ("CloudFlare-CDN-Cache-Control", &["max-age=60"], &[]),
    ("Surrogate-Control", &["max-age=60", "content=x"], &[]),
    (
        "surrogate-control",
        &["max-age=60", "no-store"],
        &["max-age=60", "no-store"],
    ),
    ("x-accel-expires", &["60"], &[]),
    ("x-cache-controlled", &["public"], &["public"]),
];

#[test]
fn vary_and_cache_control_are_merged_and_never_weakened() {
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| session.insert("k", 1).unwrap());
    for (name, before, after) in ROWS {
        let before_us = before.iter().map(|value| (*name, *value));
        let mut headers: HeaderList = before_us.collect();
        seen.reply.clone().apply(&mut headers);
        assert_eq!(headers.values(name), *after, "{name}: {before:?}");
        assert_eq!(headers.values("set-cookie").len(), 1);
    }
}

#[test]
fn what_stands_there_already_is_not_added_again() {
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| session.insert("k", 1).unwrap());
    let mut headers = HeaderList::default();
    headers.append("set-cookie", "a=1".into());
    for _ in 0..2 {
        seen.reply.clone().apply(&mut headers);
        headers.append("set-cookie", "b=2".into());
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
    let mut headers = HeaderList::default();
    read.reply.apply(&mut headers);
    assert_eq!(headers, HeaderList::from_iter([("vary", "Cookie")]));

    let mut headers = HeaderList::default();
    Reply::default().apply(&mut headers);
    assert_eq!(headers, HeaderList::default());
}
