//! Every combination of settings: those that build are what a browser takes, and mean what they say.

use std::time::Duration;

use session_core::{Policy, PolicyBuilder, SameSite};

use crate::util::World;

const NAMES: [&str; 8] = [
    "s",
    "__Host-s",
    "__HOST-S",
    "__Secure-s",
    "__http-s",
    "__Host-Http-s",
    "__Hosts",
    "__Http",
];

/// A browser at `https://www.example.com/app`, which takes a cookie or does not (RFC 6265bis, 5.7;
/// CHIPS for `Partitioned`).
fn takes(cookie: &str) -> bool {
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let name = pair.split('=').next().unwrap().to_ascii_lowercase();
    let has = |wanted: &str| attributes.split("; ").any(|one| one == wanted);
    let value = |wanted: &str| {
        let mut all = attributes.split("; ").filter_map(|one| one.split_once('='));
        all.find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    let (secure, http_only) = (has("Secure"), has("HttpOnly"));
    let is_host = name.starts_with("__host-");
    let is_http = name.starts_with("__http-") || name.starts_with("__host-http-");
    let is_secure = name.starts_with("__secure-") || is_host || is_http;
    let is_cross_site = value("SameSite") == Some("None");
    cookie.len() <= 4096
        && (secure || !is_secure)
        && (http_only || !is_http)
        && (!is_host || (value("Domain").is_none() && value("Path") == Some("/")))
        && (secure || !is_cross_site)
        && (!has("Partitioned") || (secure && is_cross_site))
        && value("Domain").is_none_or(|domain| domain.eq_ignore_ascii_case("example.com"))
}

fn attributes() -> Vec<(String, PolicyBuilder)> {
    let mut all = Vec::new();
    let switches: [fn(PolicyBuilder) -> PolicyBuilder; 4] = [
        PolicyBuilder::insecure,
        PolicyBuilder::danger_readable_by_scripts,
        PolicyBuilder::partitioned,
        PolicyBuilder::until_browser_close,
    ];
    for name in NAMES {
        for path in ["/", "/app"] {
            for domain in [None, Some("example.com"), Some("Example.COM")] {
                for same_site in [SameSite::Lax, SameSite::None, SameSite::Strict] {
                    for chosen in 0..16_u8 {
                        let mut policy = Policy::builder().cookie_name(name).path(path);
                        policy = policy.same_site(same_site);
                        if let Some(domain) = domain {
                            policy = policy.domain(domain);
                        }
                        for (place, switch) in switches.iter().enumerate() {
                            if chosen >> place & 1 == 1 {
                                policy = switch(policy);
                            }
                        }
                        let case = format!("{name} {path} {domain:?} {same_site:?} {chosen:04b}");
                        all.push((case, policy));
                    }
                }
            }
        }
    }
    all
}

#[test]
fn a_combination_is_built_if_a_browser_takes_its_cookie_and_only_then() {
    for (case, policy) in attributes() {
        // What it would have set, whether it is right or not.
        let mut text = format!("{}=x", case.split(' ').next().unwrap());
        let shown = format!("{policy:?}");
        let is_on = |field: &str| shown.contains(&format!("{field}: true"));
        text += if case.contains(" /app ") {
            "; Path=/app"
        } else {
            "; Path=/"
        };
        if case.contains("Some") {
            text += "; Domain=example.com";
        }
        for (field, attribute) in [
            ("secure", "; Secure"),
            ("http_only", "; HttpOnly"),
            ("partitioned", "; Partitioned"),
        ] {
            if is_on(field) {
                text += attribute;
            }
        }
        text += "; SameSite=";
        text += case.split(' ').nth(3).unwrap();
        assert_eq!(
            policy.clone().build().is_ok(),
            takes(&text),
            "{case}: {text}"
        );
        if policy.clone().build().is_ok() {
            let world = World::new(|_| policy.clone());
            let seen = world.request("", 200, |session| session.insert("k", 1).unwrap());
            let cookie = seen.reply.set_cookie().unwrap();
            assert!(takes(cookie), "{case}: {cookie}");
            let removed = world.request(&seen.id().unwrap_or_default(), 200, |session| {
                session.destroy().unwrap();
            });
            assert!(removed.reply.set_cookie().is_none_or(takes), "{case}");
        }
    }
}

#[test]
fn a_session_in_use_lives_up_to_its_absolute_limit_under_every_policy_that_builds() {
    let hour = Duration::from_hours(1);
    let nano = Duration::from_nanos(1);
    let mut built = 0;
    for idle in [
        Duration::from_micros(20),
        Duration::from_secs(1),
        hour,
        hour * 24 * 400,
    ] {
        let throttles = [
            Duration::ZERO,
            nano,
            idle / 10,
            idle / 3,
            idle / 2,
            idle / 2 + nano,
            idle * 2 / 3,
            idle.saturating_sub(nano),
            idle,
            idle * 2,
            Duration::MAX,
        ];
        for throttle in throttles {
            let limits = [None, Some(idle), Some(idle * 20)];
            // The session is nobody's.
            for (absolute, is_shorter) in limits.into_iter().flat_map(|a| [(a, false), (a, true)]) {
                let configure = |policy: PolicyBuilder| {
                    let policy = policy.touch_every(throttle);
                    let policy = if is_shorter {
                        policy.idle(idle * 2).anonymous_idle(idle)
                    } else {
                        policy.idle(idle)
                    };
                    match absolute {
                        Some(absolute) => policy.absolute(absolute),
                        None => policy,
                    }
                };
                if configure(Policy::builder()).build().is_err() {
                    continue;
                }
                built += 1;
                let world = World::new(configure);
                let cookie = world.begin();
                // Requests come more often than in half of the idle time, however much that is.
                for tick in 1..=60_u32 {
                    world.advance(idle * 9 / 20);
                    let is_over = absolute.is_some_and(|absolute| idle * 9 / 20 * tick >= absolute);
                    world.request(&cookie, 200, |session| {
                        let case =
                            format!("idle {idle:?}, touch {throttle:?}, {absolute:?}, tick {tick}");
                        assert_eq!(session.exists(), !is_over, "{case}");
                    });
                }
            }
        }
    }
    assert!(built > 80, "{built}");
}
