//! The `Set-Cookie` of drawn policies, beside another crate's parser.

use std::sync::Arc;
use std::time::Duration;

use cookie::{Cookie, Expiration};
use session_core::{Exchange, Moment, Outcome, Policy, PolicyBuilder, Reply, SameSite, Step};
use session_testkit::moment_at;

use crate::Draw;
use crate::cookie_header::questions;

/// What a policy was asked for.
struct Asked {
    name: Option<String>,
    path: Option<String>,
    domain: Option<String>,
    same_site: Option<SameSite>,
    is_secure: bool,
    is_http_only: bool,
    is_partitioned: bool,
    life: Option<Duration>,
}

/// Builds a drawn policy, begins and ends a session, and reads the cookies as a browser would.
pub fn set_cookie(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let asked = Asked::draw(&mut draw);
    let Ok(policy) = asked.builder().build() else {
        return;
    };
    let policy = Arc::new(policy);
    let now = moment_at(0);
    let Exchange::Open(opened) = Exchange::open(&policy, []) else {
        panic!("there is no id to ask for");
    };
    let session = opened.session();
    session.insert("k", 1).expect("it is small");
    let text = reply(
        opened
            .finish(200, now)
            .expect("the system has random bytes"),
        now,
    );
    let set = text.set_cookie().expect("a session has begun");
    let cookie = asked.check(&policy, set);
    assert_eq!(cookie.value().len(), 48, "{set}");
    let age = asked.life.map(|life| {
        let micros = life.as_micros();
        i64::try_from(micros.div_ceil(1_000_000)).unwrap_or(i64::MAX)
    });
    match (age, cookie.max_age()) {
        // Browsers take no more than 400 days.
        (Some(age), Some(found)) => assert_eq!(found.whole_seconds(), age.clamp(1, 400 * 86_400)),
        (age, found) => assert_eq!((age, found), (None, None), "{set}"),
    }
    assert_eq!(cookie.expires(), None, "one of the two is enough: {set}");

    // What a browser sends back is found, whatever stands beside it.
    let back = format!("a=b; {}={}; c", cookie.name(), cookie.value());
    assert_eq!(
        questions(Exchange::open(&policy, [back.as_bytes()])).len(),
        1,
        "{back}"
    );

    let logout = Exchange::open(&policy, [back.as_bytes()]).destroy();
    let text = reply(logout.finish(200, now).expect("nothing is drawn"), now);
    let set = text.set_cookie().expect("the browser is to forget");
    let cookie = asked.check(&policy, set);
    assert_eq!(cookie.value(), "", "{set}");
    assert_eq!(
        cookie.max_age().map(cookie::time::Duration::whole_seconds),
        Some(0),
        "{set}"
    );
    let epoch = time::OffsetDateTime::UNIX_EPOCH;
    assert_eq!(cookie.expires(), Some(Expiration::from(epoch)), "{set}");
}

impl Asked {
    fn draw(draw: &mut Draw<'_>) -> Self {
        let (names, paths, domains) = (
            [
                "sid",
                "__Host-sid",
                "__Secure-a",
                "__http-x",
                "a;b",
                "",
                "!#$%&'*+-.^_`|~",
                "Path",
            ],
            [
                "/", "/app", "/%41;", "app", "/a b", "/a,b=c", "/\u{e4}", "/..",
            ],
            [
                "example.org",
                "a.b.c.example",
                "localhost",
                "1.2.3.4",
                ".x.y",
                "ex ample.org",
                "a_b.org",
                "A.Example",
            ],
        );
        let mut text = |from: &[&str]| match draw.below(4) {
            0 => None,
            1 => Some(draw.text(40)),
            _ => Some((*draw.pick(from)).to_owned()),
        };
        let (name, path, domain) = (text(&names), text(&paths), text(&domains));
        let same_site = [
            None,
            Some(SameSite::Lax),
            Some(SameSite::Strict),
            Some(SameSite::None),
        ];
        Self {
            name,
            path,
            domain,
            same_site: *draw.pick(&same_site),
            is_secure: !draw.one_in(3),
            is_http_only: !draw.one_in(3),
            is_partitioned: draw.one_in(4),
            life: draw.one_in(2).then(|| {
                let micros = draw.small().unsigned_abs().saturating_mul(777_777);
                Duration::from_micros(micros.clamp(1, 1 << 60))
            }),
        }
    }

    fn builder(&self) -> PolicyBuilder {
        let mut policy = match self.life {
            Some(life) => Policy::builder().idle(life),
            None => Policy::builder().until_browser_close(),
        };
        if let Some(name) = &self.name {
            policy = policy.cookie_name(name);
        }
        if let Some(path) = &self.path {
            policy = policy.path(path);
        }
        if let Some(domain) = &self.domain {
            policy = policy.domain(domain);
        }
        policy = match self.same_site {
            Some(same_site) => policy.same_site(same_site),
            None => policy.without_same_site(),
        };
        if !self.is_secure {
            policy = policy.insecure();
        }
        if !self.is_http_only {
            policy = policy.danger_readable_by_scripts();
        }
        if self.is_partitioned {
            policy = policy.partitioned();
        }
        policy
    }

    /// Reads a cookie, and compares all that is not its value and end.
    fn check<'a>(&self, policy: &Policy, set: &'a str) -> Cookie<'a> {
        assert!(
            set.bytes().all(|byte| (b' '..0x7f).contains(&byte)),
            "{set:?} is no header's value"
        );
        let cookie = Cookie::parse(set).expect("a browser reads it");
        assert_eq!(cookie.name(), policy.cookie_name(), "{set}");
        if let Some(name) = &self.name {
            assert_eq!(cookie.name(), name, "{set}");
        }
        assert_eq!(
            cookie.path(),
            Some(self.path.as_deref().unwrap_or("/")),
            "{set}"
        );
        assert_eq!(cookie.domain(), self.domain.as_deref(), "{set}");
        let same_site = match self.same_site {
            Some(SameSite::Lax) => Some(cookie::SameSite::Lax),
            Some(SameSite::Strict) => Some(cookie::SameSite::Strict),
            Some(SameSite::None) => Some(cookie::SameSite::None),
            _ => None,
        };
        assert_eq!(cookie.same_site(), same_site, "{set}");
        let flags = [cookie.secure(), cookie.http_only(), cookie.partitioned()];
        let asked = [self.is_secure, self.is_http_only, self.is_partitioned];
        assert_eq!(flags.map(|flag| flag == Some(true)), asked, "{set}");
        // What the prefix of a name promises is kept (RFC 6265bis, 4.1.3).
        let name = cookie.name().to_ascii_lowercase();
        if name.starts_with("__host-") {
            assert!(
                self.is_secure && cookie.domain().is_none() && cookie.path() == Some("/"),
                "{set}"
            );
        }
        if name.starts_with("__secure-") || name.starts_with("__http-") {
            assert!(self.is_secure, "{set}");
        }
        if self.same_site == Some(SameSite::None) || self.is_partitioned {
            assert!(self.is_secure, "{set}");
        }
        cookie
    }
}

fn reply(mut step: Step, now: Moment) -> Reply {
    loop {
        step = match step {
            Step::Write(write) => write
                .answer(Ok(Outcome::Applied), now)
                .expect("nothing is drawn"),
            Step::Done(reply) => return reply,
            _ => panic!("nothing has to be asked"),
        };
    }
}
