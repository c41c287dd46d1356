use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use session_core::{Policy, PolicyError};

#[cfg(feature = "django")]
use crate::keys;
use crate::storage::{Settings, Storage};

/// Web sessions for Rust: a page that remembers its visitors.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None)]
pub(crate) struct Args {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000", value_parser = address)]
    pub(crate) listen: SocketAddr,

    #[arg(long, value_name = "URL", default_value = "sqlite:sessions.db", value_parser = Storage::parse, help = Storage::help())]
    pub(crate) store: Storage,

    /// Inactivity limit, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1_209_600, allow_negative_numbers = true, value_parser = seconds())]
    idle: i64,

    /// Limit of a session's whole life, in seconds [default: no limit]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds())]
    absolute: Option<i64>,

    /// Let the cookie live until the browser closes
    #[arg(long)]
    browser_close: bool,

    /// Interval at which reading extends a session's life, in seconds; 0: every read [default: idle/10]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(0..=MAX_SECONDS))]
    touch_every: Option<i64>,

    /// Name of the cookie [default: __Host-session, with --insecure session, with django+ sessionid]
    #[arg(long, value_name = "NAME")]
    cookie_name: Option<String>,

    /// Plain http in development: no Secure attribute, and a name without __Host-
    #[arg(long)]
    insecure: bool,

    /// File with a Django site's keys, for django+ stores: one a line, the first signs, the others still verify
    #[arg(long, value_name = "PATH")]
    secret_key_file: Option<PathBuf>,

    /// Answer to a write whose session was ended meanwhile: 409 in place of the answer, or the normal one
    #[arg(long, value_name = "HOW", default_value = "silent")]
    gone: Gone,

    /// Interval at which expired sessions are removed, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, allow_negative_numbers = true, value_parser = seconds())]
    sweep: i64,

    /// A second session, with a cookie of its own, under /second; for tests of servers
    #[arg(long, hide = true)]
    second: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Gone {
    Refuse,
    Silent,
}

impl Args {
    /// Makes the policy of the second session, if `--second` is set.
    pub(crate) fn second_policy(&self, first: &Policy) -> Result<Option<Policy>, String> {
        let name = format!("{}-second", first.cookie_name());
        self.second
            .then(|| self.policy_named(Some(&name)))
            .transpose()
    }

    /// Makes the policy from the flags.
    pub(crate) fn policy(&self) -> Result<Policy, String> {
        let django = self.store.is_django().then_some("sessionid");
        self.policy_named(self.cookie_name.as_deref().or(django))
    }

    /// Returns what the store is opened with.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        match &self.secret_key_file {
            Some(_) if !self.store.is_django() => {
                return Err("--secret-key-file: goes with --store django+…".into());
            }
            None if self.store.is_django() => {
                return Err("--secret-key-file: --store django+… needs one, with the SECRET_KEY of the site's settings".into());
            }
            _ => {}
        }
        Ok(Settings {
            sweep: Duration::from_secs(self.sweep.unsigned_abs()),
            #[cfg(feature = "django")]
            keys: match &self.secret_key_file {
                Some(path) => Some(keys::read(path, self.insecure)?),
                None => None,
            },
        })
    }

    fn policy_named(&self, cookie: Option<&str>) -> Result<Policy, String> {
        let mut policy = Policy::builder().idle(self.idle());
        if self.store.is_django() {
            policy = policy.plain_ids();
        }
        if let Some(absolute) = self.absolute {
            policy = policy.absolute(span(absolute));
        }
        if self.browser_close {
            policy = policy.until_browser_close();
        }
        if let Some(throttle) = self.touch_every {
            policy = policy.touch_every(span(throttle));
        }
        if let Some(name) = cookie {
            policy = policy.cookie_name(name);
        }
        if self.insecure {
            policy = policy.insecure();
        }
        if self.gone == Gone::Refuse {
            policy = policy.refuse_when_gone();
        }
        policy.build().map_err(|error| describe(&error))
    }

    pub(crate) fn idle(&self) -> Duration {
        span(self.idle)
    }
}

/// Names the flag instead of the field.
fn describe(error: &PolicyError) -> String {
    let text = error.to_string();
    match text.split_once(": ") {
        Some((field, rest))
            if ["idle", "absolute", "touch_every", "cookie_name"].contains(&field) =>
        {
            format!("--{}: {rest}", field.replace('_', "-"))
        }
        _ => text,
    }
}

/// Returns the span; a flag's range has no negative numbers.
fn span(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}

const MAX_SECONDS: i64 = 100_000_000_000;

fn seconds() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..=MAX_SECONDS)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text
        .to_socket_addrs()
        .map_err(|_| "expected HOST:PORT, as in 127.0.0.1:3000".to_owned())?;
    found.next().ok_or_else(|| "no such host".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(flags: &[&str]) -> Result<Policy, String> {
        let all = ["showcase"].iter().chain(flags);
        let args = Args::try_parse_from(all).map_err(|error| error.to_string())?;
        args.settings()?;
        args.policy()
    }

    #[test]
    fn flags_that_make_no_sense_are_refused() {
        for bad in [
            &["--idle", "0"][..],
            &["--idle", "-5"],
            &["--idle", "soon"],
            &["--idle", "34560001"],
            &["--absolute", "0"],
            &["--touch-every", "-1"],
            &["--idle", "60", "--touch-every", "60"],
            &["--sweep", "0"],
            &["--cookie-name", "a b"],
            &["--cookie-name", ""],
            &["--cookie-name", "__Host-x", "--insecure"],
            &["--store", "nonsense:"],
            &["--store", "sealed:"],
            &["--listen", "nowhere"],
            &["--listen", "127.0.0.1:99999"],
            &["--secret-key-file", "keys"],
            &["--store", "django+sqlite:x"],
            &["--store", "django+memory", "--secret-key-file", "keys"],
            &["--store", "django+sqlite:x", "--secret-key-file", "/"],
            &["--gone", "away"],
            &["--unknown"],
        ] {
            let message = policy(bad).unwrap_err();
            assert!(!message.is_empty(), "{bad:?}");
        }
    }

    #[test]
    fn the_cookie_is_named_after_the_transport() {
        assert_eq!(policy(&[]).unwrap().cookie_name(), "__Host-session");
        assert_eq!(policy(&["--insecure"]).unwrap().cookie_name(), "session");
        let named = policy(&["--cookie-name", "sid", "--insecure"]).unwrap();
        assert_eq!(named.cookie_name(), "sid");
    }

    #[test]
    fn the_second_session_has_a_cookie_of_its_own() {
        let second = |flags: &[&str]| {
            let args = Args::try_parse_from(["showcase"].iter().chain(flags)).unwrap();
            args.second_policy(&args.policy().unwrap()).unwrap()
        };
        assert!(second(&[]).is_none());
        let policy = second(&["--second"]).unwrap();
        assert_eq!(policy.cookie_name(), "__Host-session-second");
    }
}
