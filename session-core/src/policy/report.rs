// An address is a value; nothing is done on a network.
use core::net::IpAddr;
use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// What a look at the settings and the store has found, a line each.
///
/// `Display` prints `✔` or `✘`, and what to do. It is of [`Policy::report`](crate::Policy::report), and with the store of `Sessions::report`.
///
/// ```
/// use session_core::{Policy, Verdict};
///
/// let report = Policy::development().report();
/// assert!(!report.is_ok());
/// let secure = report.iter().find(|finding| finding.name == "cookie-secure").unwrap();
/// assert_eq!(secure.verdict, Verdict::Problem);
/// assert!(report.to_string().contains("✘ cookie-secure: "));
/// // On the developer's own machine that is as it should be.
/// assert!(report.listening_on([127, 0, 0, 1]).is_ok());
/// ```
///
/// # What it looks at
///
/// | name | source |
/// |---|---|
/// | `cookie-secure` | ASVS 5.0 3.3.1; NIST SP 800-63B-4 5.1.1 (1); Django W010 to W012 |
/// | `cookie-http-only` | ASVS 5.0 3.3.4; NIST SP 800-63B-4 5.1.1 (3); Django W013 to W015 |
/// | `cookie-same-site` | ASVS 5.0 3.3.2; NIST SP 800-63B-4 5.1.1 (6) |
/// | `cookie-host-only` | ASVS 5.0 3.3.1 and 3.3.3; NIST SP 800-63B-4 5.1.1 (2) and (5) |
/// | `idle-limit` | ASVS 5.0 7.3.1; NIST SP 800-63B-4 2.1.3 and 5.2 |
/// | `absolute-limit` | ASVS 5.0 7.3.2; NIST SP 800-63B-4 2.1.3, 2.2.3, 2.3.3 |
/// | `device-limit` | ASVS 5.0 7.1.2 |
/// | `store` | can it be read and written to |
/// | `store-facts` | does it say what the lines below need |
/// | `store-durable` | do sessions outlive the process, where this is a release build |
/// | `store-clock` | does the server's clock agree with this one |
/// | `store-sweeper` | does something remove what is over |
/// | `store-table` | its version |
/// | `adoption` | can the sessions of another library be read and removed, where they are adopted |
/// | `server-side-end` | ASVS 5.0 7.4.1: can a session be ended that is kept in its cookie |
///
/// Not looked at, because it can't be otherwise here: Django's W010 and W011 are one (there is no app apart from the middleware); ids are drawn
/// from the system's random source (ASVS 5.0 7.2.3), verified at the server (7.2.1) and renewed at a login (7.2.4). A Django site's
/// own settings are for `manage.py check --deploy`. And the application's alone: a visible logout (7.4.4), the end of other sessions
/// with a new password (7.4.3), an administrator's revocation (7.4.5), a new password check before sensitive actions (7.5.1).
#[derive(Debug, Clone, Default)]
pub struct Report(Vec<Finding>);

/// One line of a [`Report`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The line's name, which stays the same from release to release.
    pub name: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// What was found.
    pub found: Cow<'static, str>,
    /// What to do, unless it is [`Verdict::Ok`].
    pub remedy: Option<Cow<'static, str>>,
    /// Who says so; empty if it is common sense.
    pub source: &'static str,
}

/// How a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// As it should be, `✔`.
    Ok,
    /// Better otherwise, or a decision that should be made, `✘`.
    Advice,
    /// Wrong in production, `✘`.
    Problem,
}

impl Report {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Says that the server listens on this address: an insecure cookie is right on a machine's own (127.0.0.1), unless a
    /// proxy is in front of it.
    ///
    /// Nobody here can see a proxy. So it is accepted in a debug build, and advice in a release build.
    #[must_use]
    pub fn listening_on(mut self, address: impl Into<IpAddr>) -> Self {
        let secure = self.0.iter_mut().find(|finding| finding.name == SECURE);
        if let Some(finding) = secure.filter(|finding| !finding.is_ok()) {
            finding.listens_on(address.into(), cfg!(not(debug_assertions)));
        }
        self
    }

    /// Says that a finding is a decision, with the reason; Django's `SILENCED_SYSTEM_CHECKS`. (ASVS 5.0 7.1.1 and 7.1.2 want such
    /// decisions documented.)
    ///
    /// ```
    /// use session_core::Policy;
    ///
    /// let report = Policy::default().report().accept("device-limit", "families share an account");
    /// assert!(report.to_string().contains("(accepted: families share an account)"));
    /// ```
    #[must_use]
    pub fn accept(mut self, name: &str, reason: &str) -> Self {
        let named = self.0.iter_mut().filter(|finding| finding.name == name);
        for finding in named.filter(|finding| !finding.is_ok()) {
            finding.accept(reason);
        }
        self
    }

    /// Says whether nothing is wrong in production; advice is not.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.0
            .iter()
            .all(|finding| finding.verdict != Verdict::Problem)
    }

    /// Returns the findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// Logs a warning for each `✘`, once at the application's start.
    pub fn log(&self) {
        for finding in self.iter().filter(|finding| !finding.is_ok()) {
            tracing::warn!(check = finding.name, "{}", finding.text());
        }
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, finding) in self.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            finding.fmt(f)?;
        }
        Ok(())
    }
}

impl Finding {
    pub(crate) fn ok(
        name: &'static str,
        source: &'static str,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            name,
            verdict: Verdict::Ok,
            found: found.into(),
            remedy: None,
            source,
        }
    }

    pub(crate) fn advice(self, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self {
            verdict: Verdict::Advice,
            remedy: Some(remedy.into()),
            ..self
        }
    }

    pub(crate) fn problem(self, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self {
            verdict: Verdict::Problem,
            ..self.advice(remedy)
        }
    }

    /// Says whether it is as it should be.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.verdict == Verdict::Ok
    }

    fn listens_on(&mut self, address: IpAddr, is_release: bool) {
        if address.is_loopback() && !is_release {
            self.accept(&format!(
                "{address} is this machine's own, and this a debug build"
            ));
            return;
        }
        self.found = format!("{}, and the server listens on {address}", self.found).into();
        if address.is_loopback() {
            self.verdict = Verdict::Advice;
            self.remedy = Some(NO_PROXY.into());
        }
    }

    fn accept(&mut self, reason: &str) {
        self.verdict = Verdict::Ok;
        self.remedy = None;
        self.found = format!("{} (accepted: {reason})", self.found).into();
    }

    /// Returns the line without its mark and name.
    fn text(&self) -> Text<'_> {
        Text(self)
    }
}

struct Text<'a>(&'a Finding);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(finding) = self;
        f.write_str(&finding.found)?;
        if let Some(remedy) = &finding.remedy {
            write!(f, "; {remedy}")?;
        }
        match finding.source {
            "" => Ok(()),
            source => write!(f, " [{source}]"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_ok() { '✔' } else { '✘' };
        write!(f, "{mark} {}: {}", self.name, self.text())
    }
}

pub(super) const SECURE: &str = "cookie-secure";

const NO_PROXY: &str = "that is right only if no proxy is in front of it; otherwise leave out `insecure`, or use Policy::default()";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    #[test]
    fn an_insecure_cookie_on_the_machines_own_address_is_right_unless_a_proxy_is_in_front() {
        for (address, is_release, expected) in [
            ("127.0.0.1", false, Verdict::Ok),
            ("127.0.0.1", true, Verdict::Advice),
            ("127.0.0.5", true, Verdict::Advice),
            ("::1", false, Verdict::Ok),
            ("::1", true, Verdict::Advice),
            ("0.0.0.0", false, Verdict::Problem),
            ("192.0.2.1", true, Verdict::Problem),
        ] {
            let report = Policy::development().report();
            let mut finding = report.0.into_iter().find(|it| it.name == SECURE).unwrap();
            finding.listens_on(address.parse().unwrap(), is_release);
            assert_eq!(finding.verdict, expected, "{finding}");
            assert_eq!(finding.remedy.is_none(), finding.is_ok(), "{finding}");
            let has = finding.to_string().contains("if no proxy is in front");
            assert_eq!(has, expected == Verdict::Advice, "{finding}");
        }
    }
}
