use std::collections::BTreeMap;

use super::Site;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) set_cookies: Vec<String>,
    pub(super) body: String,
}

/// A browser's cookies; a clone is another tab that has not heard of later answers, or a thief.
#[derive(Debug, Clone, Default)]
pub(super) struct Browser(BTreeMap<String, String>);

impl Browser {
    /// Sends a request and takes the answer's cookies.
    pub(super) async fn visit(&mut self, site: &dyn Site, path: &str) -> Answer {
        let answer = site.send(path, &self.header()).await;
        self.take(&answer);
        answer
    }

    /// Reads a value; "-" if there is none.
    pub(super) async fn read(&mut self, site: &dyn Site, key: &str) -> String {
        let answer = self.visit(site, &format!("/get/{key}")).await;
        match answer.status {
            200 => answer.body,
            status => format!("status {status}"),
        }
    }

    /// Does what the answer's `Set-Cookie` headers say. A cookie without a value or a future is removed; any other is
    /// kept until then and longer, as a thief would.
    pub(super) fn take(&mut self, answer: &Answer) {
        for text in &answer.set_cookies {
            let Ok(cookie) = cookie::Cookie::parse(text.as_str()) else {
                continue;
            };
            let is_over = cookie.max_age().is_some_and(|age| !age.is_positive())
                || cookie
                    .expires_datetime()
                    .is_some_and(|at| at < time::OffsetDateTime::now_utc());
            match is_over || cookie.value().is_empty() {
                true => self.0.remove(cookie.name()),
                false => self.0.insert(cookie.name().into(), cookie.value().into()),
            };
        }
    }

    /// Returns the `Cookie` header.
    pub(super) fn header(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Returns a browser whose cookie of the name has a value that nobody has issued, of the same form.
    pub(super) fn forged(&self, name: &str) -> Option<Self> {
        let mut forged = self.clone();
        let value = forged.0.get_mut(name)?;
        // Both digits are in every alphabet of ids.
        let first = if value.starts_with('1') { "2" } else { "1" };
        value.replace_range(..1, first);
        Some(forged)
    }
}
