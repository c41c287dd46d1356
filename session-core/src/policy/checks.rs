use std::time::Duration;

use super::Policy;
use super::attributes::has_prefix;
use super::carrier::Carrier;
use super::report::{Finding, Report, SECURE};
use crate::IdForm;

impl Policy {
    /// Looks at the settings as Django's `check --deploy` and an ASVS review would; [`Report`] has the lines and their sources.
    ///
    /// `Sessions::report` looks at the store too.
    ///
    /// ```
    /// use session_core::Policy;
    ///
    /// let policy = Policy::aal2().build()?;
    /// println!("{}", policy.report());
    /// assert!(policy.report().is_ok());
    /// # Ok::<(), session_core::PolicyError>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report::default();
        if self.carrier == Carrier::Bearer {
            report.add(Finding::ok(SECURE, "", "bearers have no cookie"));
        } else {
            self.look_at_cookie(&mut report);
        }
        self.look_at_limits(&mut report);
        report
    }

    fn look_at_cookie(&self, report: &mut Report) {
        let has = |attribute: &str| self.attributes.split("; ").any(|it| it == attribute);
        let source = "ASVS 5.0 3.3.1; NIST SP 800-63B-4 5.1.1 (1); Django W012";
        let secure = |found: &'static str| Finding::ok(SECURE, source, found);
        report.add(if has("Secure") {
            secure("the cookie is sent over https alone")
        } else {
            secure("the cookie is sent over plain http, where others can read it")
                .problem("leave out `insecure`, or use Policy::default(), also behind a proxy that speaks https")
        });
        let source = "ASVS 5.0 3.3.4; NIST SP 800-63B-4 5.1.1 (3); Django W015";
        let http_only = |found: &'static str| Finding::ok("cookie-http-only", source, found);
        report.add(if has("HttpOnly") {
            http_only("scripts can't read the cookie")
        } else {
            http_only("scripts can read the cookie, injected ones too")
                .problem("leave out `danger_readable_by_scripts`")
        });
        let source = "ASVS 5.0 3.3.2; NIST SP 800-63B-4 5.1.1 (6)";
        let same_site = |found: &'static str| Finding::ok("cookie-same-site", source, found);
        report.add(if has("SameSite=Lax") || has("SameSite=Strict") {
            same_site("other sites' forms and scripts do not bring the cookie")
        } else {
            same_site("requests that other sites cause may bring the cookie")
                .advice("use SameSite::Lax, or guard every change against forged requests (session-extras: Csrf)")
        });
        if has("Secure") {
            report.add(self.host_only());
        }
    }

    fn host_only(&self) -> Finding {
        let source = "ASVS 5.0 3.3.1, 3.3.3; NIST SP 800-63B-4 5.1.1 (2), (5)";
        let finding = |found: &'static str| Finding::ok("cookie-host-only", source, found);
        let has = |prefix: &str| has_prefix(&self.name, prefix);
        if self.attributes.contains("; Domain=") {
            finding("all subdomains get the cookie, and can plant one").advice(
                "leave out `domain`, so that the cookie is `__Host-session`, unless they share sessions",
            )
        } else if has("__Host-") {
            finding("no other host gets the cookie or can plant one")
        } else if has("__Secure-") || has("__Http-") {
            finding("subdomains can plant a cookie of this name")
                .advice("begin its name with `__Host-`, which needs the path /")
        } else {
            finding("subdomains and pages over plain http can plant a cookie of this name")
                .advice("leave out `cookie_name`, or begin the name with `__Host-`")
        }
    }

    fn look_at_limits(&self, report: &mut Report) {
        let limits = &self.lifetimes.owned;
        let idle = span(limits.idle);
        let source = "ASVS 5.0 7.3.1; NIST SP 800-63B-4 2.1.3, 5.2";
        let found = format!("sessions end after {} without use", words(idle));
        let finding = Finding::ok("idle-limit", source, found);
        let longest = limits.absolute.map_or(idle, |limit| idle.min(span(limit)));
        report.add(if longest <= super::presets::LEVELS[0].absolute {
            finding
        } else {
            finding.advice(
                "set `idle` to 30 days or less: no assurance level lets a session live longer",
            )
        });
        let source = "ASVS 5.0 7.3.2; NIST SP 800-63B-4 2.1.3, 2.2.3, 2.3.3";
        let absolute = |found: String| Finding::ok("absolute-limit", source, found);
        report.add(match limits.absolute.map(span) {
            None => absolute("a session that is used lives for ever".into())
                .advice("set `absolute`, or begin with Policy::aal1(), aal2() or aal3()"),
            Some(longest) => {
                let found = format!("sessions end {} after the sign-in", words(longest));
                match level(longest, idle) {
                    Some(level) => absolute(format!("{found}, within the limits of {level}")),
                    None => absolute(found).advice("set `absolute` to 30 days or less"),
                }
            }
        });
        // Where ids are plain, an owner's sessions can't be counted.
        if self.id_form == IdForm::Plain {
            return;
        }
        let devices = |found: String| Finding::ok("device-limit", "ASVS 5.0 7.1.2", found);
        report.add(match self.max_devices {
            Some(cap) => devices(format!("an owner has {} sessions at most", cap.limit)),
            None => devices("an owner may have any number of sessions".into())
                .advice("set `max_devices`, or write down that it is so (Report::accept)"),
        });
    }
}

/// Returns the highest assurance level of NIST SP 800-63B-4 within whose limits the two are.
fn level(absolute: Duration, idle: Duration) -> Option<&'static str> {
    super::presets::LEVELS
        .iter()
        .rev()
        .find(|level| absolute <= level.absolute && idle <= level.idle.unwrap_or(Duration::MAX))
        .map(|level| level.name)
}

fn span(micros: i64) -> Duration {
    Duration::from_micros(micros.unsigned_abs())
}

/// Writes a span in its largest whole unit.
pub(crate) fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let fits = |&(length, _): &(u64, &str)| seconds >= length && seconds.is_multiple_of(length);
    let (length, unit) = units.into_iter().find(fits).unwrap_or((1, "second"));
    let number = seconds / length;
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
