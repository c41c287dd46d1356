//! The cookie's attributes: which ones browsers take, and that a cookie is removed with those that it was set with.

use std::sync::Arc;
use std::time::Duration;

use session_core::{Exchange, Outcome, Policy, SameSite, Step};

use crate::Configure;
use crate::util::World;

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
        (
            |p| p.same_site(SameSite::None).without_same_site(),
            "__Host-session",
            "Path=/; Secure; HttpOnly",
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

#[test]
fn a_domain_is_one_that_browsers_take() {
    let with = |domain: &str| {
        let builder = Policy::builder().cookie_name("s").domain(domain);
        builder.build().map_err(|error| error.to_string())
    };
    let longest = ["a".repeat(63).as_str(); 3].join(".") + "." + &"b".repeat(61);
    for good in [
        "example.com",
        "Example.COM",
        "a.b.c.example.co.uk",
        "xn--bcher-kva.example",
        "my_app.example.com",
        "1.2.3.example",
        "127.0.0.1.example.com",
        &longest,
    ] {
        with(good).unwrap();
    }
    let rows: &[(&str, &str)] = &[
        ("", "leave it out"),
        (".example.com", "leave out the dot"),
        ("example.com.", "leave out the dot"),
        (".", "leave out the dot"),
        ("example.com:3000", "no port"),
        ("https://example.com", "no scheme"),
        ("example.com/app", "no path"),
        ("user@example.com", "letters"),
        ("*.example.com", "letters"),
        ("a\"b", "letters"),
        ("a b.example", "letters"),
        ("a.example;Secure", "letters"),
        ("a.example,b.example", "letters"),
        ("a\nb.example", "letters"),
        ("bücher.example", "xn--"),
        ("a..example", "1 to 63"),
        ("-a.b", "hyphen"),
        ("a-.b", "hyphen"),
        ("a.-b", "hyphen"),
        ("localhost", "one host"),
        ("com", "one host"),
        ("127.0.0.1", "IP address"),
        ("1.2.3", "IP address"),
        ("0x7f.0x1", "IP address"),
        ("[::1]", "IP address"),
        ("::1", "IP address"),
        ("2001:db8::1", "IP address"),
    ];
    for (bad, remedy) in rows {
        let error = with(bad).unwrap_err();
        assert!(
            error.starts_with("domain: ") && error.contains(remedy),
            "{bad}: {error}"
        );
    }
    let label = "a".repeat(64) + ".example";
    assert!(with(&label).unwrap_err().contains("1 to 63"));
    let long = format!("{longest}b");
    assert!(
        with(&long).unwrap_err().contains("253"),
        "{}",
        with(&long).unwrap_err()
    );
}

#[test]
fn a_path_is_one_that_requests_can_have() {
    let with = |path: &str| {
        let builder = Policy::builder().cookie_name("s").path(path);
        builder.build().map_err(|error| error.to_string())
    };
    for good in [
        "/",
        "/app",
        "/app/",
        "/a//b",
        "/a.b/..c",
        "/caf%C3%A9",
        "/~a/(b)!$&'*+=:@",
        "/.../x",
        "/%zz",
    ] {
        with(good).unwrap();
    }
    for bad in [
        "",
        "admin",
        "a/",
        "*",
        "https://example.com/",
        "/a;b",
        "/a,b",
        "/a b",
        "/\n",
        "/é",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/a\"b",
        "/<a>",
        "/a`b",
        "/{a}",
        "/a^b",
        "/a/../b",
        "/.",
        "/./a",
        "/a/..",
        "/%2e/a",
        "/a/%2E%2e",
        "/.%2e/",
    ] {
        let error = with(bad).unwrap_err();
        assert!(error.starts_with("path: "), "{bad}: {error}");
    }
    let longest = format!("/{}", "a".repeat(1023));
    with(&longest).unwrap();
    assert!(with(&format!("{longest}a")).unwrap_err().contains("1024"));
}

#[test]
fn the_longest_cookie_is_one_that_browsers_keep() {
    let domain = ["a".repeat(63).as_str(); 3].join(".") + "." + &"b".repeat(61);
    let world = World::new(|policy| {
        policy
            .cookie_name("s".repeat(255))
            .path(format!("/{}", "a".repeat(1023)))
            .domain(domain)
            .same_site(SameSite::None)
            .partitioned()
            .idle(Duration::from_hours(400 * 24))
    });
    let seen = world.request("", 200, |session| session.insert("k", 1).unwrap());
    // RFC 6265, 6.1: 4096 bytes, attributes included.
    assert!(seen.reply.set_cookie().unwrap().len() <= 4096);
}

#[test]
fn development_is_served_over_plain_http() {
    let policy = Arc::new(Policy::development());
    assert_eq!(policy.cookie_name(), "session");
    let Exchange::Open(opened) = Exchange::open(&policy, []) else {
        unreachable!("no id was presented");
    };
    opened.insert("k", 1).unwrap();
    let Ok(Step::Write(write)) = opened.finish(200, policy.now()) else {
        unreachable!("a session begins");
    };
    let Ok(Step::Done(reply)) = write.answer(Ok(Outcome::Applied), policy.now()) else {
        unreachable!("nothing else is to be written");
    };
    assert_eq!(
        identity(reply.set_cookie().unwrap()).join("; "),
        "Path=/; HttpOnly; SameSite=Lax"
    );
}
