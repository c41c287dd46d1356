use std::fmt;
use std::time::Duration;

use session_core::django::{SecretKeys, Signer, Zone, from_strict, to_strict};
use session_core::{Digest, Enclosed, Envelope, Expiry, Moment, StoreError, ValueRule};

use super::contents::{self, Contents};
use super::form::Form;

/// Django's engine `signed_cookies`: the session is in the cookie, signed and readable by its browser.
///
/// Both sides read and write it. Two faults of Django's are none here: a session's own lifetime holds,
/// and a cookie that browsers would not keep is an error
/// ([`Sessions::in_cookies`](session_core::Sessions::in_cookies) has the limit). What is in the nature
/// of the engine stays: a logout only asks the browser to forget, a copy of the cookie stays good until
/// it is over, and of two requests at once the later answer counts.
///
/// ```
/// use session_core::Sessions;
/// use session_core::django::SecretKeys;
/// use session_store::DjangoCookies;
///
/// # let policy = session_core::Policy::builder().insecure().cookie_name("sessionid").build()?;
/// let keys = SecretKeys::new("vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0")?;
/// let sessions = Sessions::in_cookies(policy, DjangoCookies::new(&keys));
///
/// let request = sessions.open([]);
/// # pollster::block_on(async {
/// request.handle().load().await?.insert("cart", [1, 2])?;
/// let reply = request.commit(200).await?;
/// assert!(reply.set_cookie().unwrap().starts_with("sessionid="));
/// # Ok::<(), session_core::SessionError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DjangoCookies {
    signer: Signer,
    form: Form,
    age: Duration,
}

impl DjangoCookies {
    /// Takes a site's keys, with its other settings at their defaults: `USE_TZ = True` and two weeks.
    #[must_use]
    pub fn new(keys: &SecretKeys) -> Self {
        let zone = Zone::use_tz();
        let form = Form {
            column: zone.clone(),
            zone,
        };
        Self {
            signer: Signer::signed_cookies(keys),
            form,
            age: Duration::from_secs(1_209_600),
        }
    }

    /// Sets `SESSION_COOKIE_AGE`, which is also the policy's [`idle`](session_core::PolicyBuilder::idle).
    #[must_use]
    pub fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Sets the site's `USE_TZ` and `TIME_ZONE`.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.form.zone = zone;
        self
    }

    /// Returns the strict JSON of a value, and when it was signed.
    fn read(&self, value: &[u8]) -> Option<(String, Moment)> {
        let opened = self.signer.open(std::str::from_utf8(value).ok()?).ok()?;
        let signed = opened.signed_at();
        Some((to_strict(&opened.json).into_owned(), signed.into()))
    }
}

impl Envelope for DjangoCookies {
    fn open(&self, value: &[u8], now: Moment) -> Option<Enclosed> {
        let (json, signed) = self.read(value)?;
        let contents = Contents::parse(&json, (signed, signed), &self.form, now)?;
        let mut record = contents.record(Digest::from_bytes(&[0; 16])?);
        record.expires = match record.expiry {
            Expiry::After(span) => signed.saturating_add(time::Duration::try_from(span).ok()?),
            Expiry::At(moment) => moment.into(),
            _ => signed.saturating_add(time::Duration::try_from(self.age).ok()?),
        };
        Some(record.into())
    }

    fn seal(
        &self,
        before: Option<&[u8]>,
        Enclosed { record, .. }: &Enclosed,
        now: Moment,
    ) -> Result<String, StoreError> {
        let before = before.and_then(|value| self.read(value));
        let old = before
            .as_ref()
            .and_then(|(json, signed)| Contents::parse(json, (*signed, *signed), &self.form, now));
        let json = contents::written(old.as_ref(), record, record.expires, &self.form);
        let json = json.map_err(|reason| contents::unwritable(&reason))?;
        Ok(self.signer.sign(&from_strict(&json), now.into()))
    }

    fn value_rule(&self) -> ValueRule {
        contents::RULE
    }
}

impl fmt::Debug for DjangoCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DjangoCookies")
            .field("age", &self.age)
            .finish_non_exhaustive()
    }
}
