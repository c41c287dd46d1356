use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use session_core::{Carrier, Overflow, Policy, PolicyError};

#[cfg(feature = "django")]
use crate::keys;
use crate::outage;
#[cfg(feature = "sealed")]
use crate::seals;
use crate::storage::{Settings, Storage};

/// Web sessions for Rust: a page that remembers its visitors.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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

    /// Age at which a session's secret is renewed by itself, in seconds [default: never]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds())]
    rotate_every: Option<i64>,

    /// Live sessions that one owner may have; past it the one used longest ago ends, or with :refuse the login is a 409 [default: no limit]
    #[arg(long, value_name = "N[:oldest|refuse]", allow_hyphen_values = true, value_parser = max_devices)]
    max_devices: Option<(usize, Overflow)>,

    /// Size that each value may have, in bytes of JSON [default: no limit but the session's]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_value_bytes: Option<NonZeroUsize>,

    /// Begin a session without a sign-in only in a request with consent=1 in its query
    #[arg(long)]
    consent: bool,

    /// How the id travels: in a cookie, in Authorization: Bearer, or as the request says
    #[arg(long, value_name = "HOW", default_value = "cookie")]
    carrier: Carried,

    /// Plain http in development: no Secure attribute, and a name without __Host-
    #[arg(long)]
    insecure: bool,

    /// File with the keys of sealed: cookies or of a Django site (django+): one a line, the first signs, the others still verify
    #[arg(long, value_name = "PATH")]
    secret_key_file: Option<PathBuf>,

    /// Answer to a write whose session was ended meanwhile: 409 in place of the answer, or the normal one
    #[arg(long, value_name = "HOW", default_value = "silent")]
    gone: Gone,

    /// Interval at which expired sessions are removed, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, allow_negative_numbers = true, value_parser = seconds())]
    sweep: i64,

    /// A second session, with a cookie of its own, under /second; for tests of servers
    #[arg(long)]
    second: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Carried {
    Bearer,
    Both,
    Cookie,
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
        if self.carrier != Carried::Cookie && self.second {
            return Err(format!(
                "--carrier: not with --second, as a request has one Authorization; {CARRIER}"
            ));
        }
        if self.store.is_sealed() && self.carrier != Carried::Cookie {
            return Err(format!(
                "--carrier: not with --store sealed:, which is in the cookie; {CARRIER}"
            ));
        }
        if self.store.is_sealed() && self.rotate_every.is_some() {
            return Err("--rotate-every: not with --store sealed:, whose cookies are sealed anew anyway; leave it out".into());
        }
        if self.store.is_sealed() && self.max_devices.is_some() {
            return Err("--max-devices: not with --store sealed:, whose sessions nobody can count; leave it out".into());
        }
        let django = self.store.is_django().then_some("sessionid");
        self.policy_named(self.cookie_name.as_deref().or(django))
    }

    /// Returns what the store is opened with.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        match &self.secret_key_file {
            Some(_) if !self.store.is_django() && !self.store.is_sealed() => {
                return Err("--secret-key-file: goes with --store sealed: or django+…".into());
            }
            None if self.store.is_sealed() => {
                return Err("--secret-key-file: --store sealed: needs one, with a key of 32 characters or more in each line".into());
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
                Some(path) if self.store.is_django() => Some(keys::read(path, self.insecure)?),
                _ => None,
            },
            #[cfg(feature = "sealed")]
            seals: match &self.secret_key_file {
                Some(path) if self.store.is_sealed() => Some(seals::read(path)?),
                _ => None,
            },
        })
    }

    fn policy_named(&self, cookie: Option<&str>) -> Result<Policy, String> {
        let mut policy = Policy::builder()
            .idle(self.idle())
            .no_store_when_signed_in()
            .clear_site_data_at_logout()
            .error_page(outage::page);
        if self.store.is_django() {
            policy = policy.plain_ids();
        }
        policy = policy.carrier(match self.carrier {
            Carried::Bearer => Carrier::Bearer,
            Carried::Both => Carrier::Both,
            Carried::Cookie => Carrier::Cookie,
        });
        if let Some(absolute) = self.absolute {
            policy = policy.absolute(span(absolute));
        }
        if self.browser_close {
            policy = policy.until_browser_close();
        }
        if let Some(age) = self.rotate_every {
            policy = policy.rotate_every(span(age));
        }
        if let Some((limit, overflow)) = self.max_devices {
            policy = policy.max_devices(limit, overflow);
        }
        if let Some(limit) = self.max_value_bytes {
            policy = policy.max_value_bytes(limit.get());
        }
        if self.consent {
            policy = policy.only_with_consent();
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
        Some(("rotate_every", _)) => {
            "--rotate-every: not with --store django+…, whose ids are plain; leave it out".into()
        }
        Some(("max_devices", _)) => {
            "--max-devices: not with --store django+…, whose ids are plain; leave it out".into()
        }
        Some(("carrier", _)) => {
            format!("--carrier: not with --store django+…, whose ids are plain; {CARRIER}")
        }
        Some((field, rest))
            if ["idle", "absolute", "touch_every", "cookie_name"].contains(&field) =>
        {
            format!("--{}: {rest}", field.replace('_', "-"))
        }
        _ => text,
    }
}

/// The remedy.
const CARRIER: &str = "use --carrier cookie";

/// Returns the span; a flag's range has no negative numbers.
fn span(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}

const MAX_SECONDS: i64 = 100_000_000_000;

fn seconds() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..=MAX_SECONDS)
}

fn max_devices(text: &str) -> Result<(usize, Overflow), String> {
    let (number, overflow) = match text.split_once(':') {
        None => (text, Overflow::EndOldest),
        Some((number, "oldest")) => (number, Overflow::EndOldest),
        Some((number, "refuse")) => (number, Overflow::Refuse),
        Some(_) => return Err("expected N, N:oldest or N:refuse".to_owned()),
    };
    match number.parse() {
        Ok(limit @ 1..) => Ok((limit, overflow)),
        _ => Err("expected a number of sessions, 1 or more".to_owned()),
    }
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
            &["--rotate-every", "0"],
            &["--rotate-every", "-1"],
            &["--rotate-every", "never"],
            &["--max-value-bytes", "0"],
            &["--max-value-bytes", "-1"],
            &["--max-devices", "0"],
            &["--max-devices", "-1"],
            &["--max-devices", "many"],
            &["--max-devices", "2:newest"],
            &["--max-devices", ":refuse"],
            &["--carrier", "url"],
            &["--carrier", "bearer", "--second"],
            &["--carrier", "both", "--second"],
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
    fn what_does_not_go_together_names_the_flag_and_the_remedy() {
        let said = |flags: &[&str]| {
            let all = ["showcase", "--carrier", "both"].iter().chain(flags);
            Args::try_parse_from(all).unwrap().policy().unwrap_err()
        };
        #[cfg(feature = "django")]
        {
            for (flag, expected) in [
                ("--rotate-every 60", "--rotate-every: not with"),
                ("--max-devices 2", "--max-devices: not with"),
                (
                    "--cookie-name Path",
                    "--cookie-name: \"Path\" is the name of",
                ),
            ] {
                let flags = format!("showcase {flag} --store django+sqlite:x");
                let args = Args::try_parse_from(flags.split(' ')).unwrap();
                let message = args.policy().unwrap_err();
                assert!(message.starts_with(expected), "{message}");
            }
        }
        let bad: &[&[&str]] = &[
            &["--second"],
            #[cfg(feature = "django")]
            &["--store", "django+sqlite:x"],
        ];
        for flags in bad {
            let message = said(flags);
            assert!(message.starts_with("--carrier: not with --"), "{message}");
            assert!(message.ends_with("use --carrier cookie"), "{message}");
        }
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
