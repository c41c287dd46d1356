use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use session_core::{Entropy, EntropyError, OsEntropy, RequestSession, Session, SessionError};
use sha2::Sha256;

/// The token of a session, for browsers that send neither `Sec-Fetch-Site` nor `Origin`.
///
/// Put it into each form ([`field`](Self::field)), or send it in the header [`HEADER`](Self::HEADER). It holds as long as the
/// session has the same [handle](Session::public_id) and owner: in every tab, and another one after a login. Each issue has another text, so that
/// a compressed page does not give it away (BREACH), and it is compared in constant time.
///
/// ```
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # pollster::block_on(async {
/// use session_extras::CsrfToken;
///
/// # let request = sessions.open([]);
/// # let session = request.handle().load().await?;
/// let (one_tab, other_tab) = (CsrfToken::issue(&session).await?, CsrfToken::issue(&session).await?);
/// assert_ne!(one_tab.as_str(), other_tab.as_str());
/// assert!(CsrfToken::verify(&session, one_tab.as_str()));
/// assert!(CsrfToken::verify(&session, other_tab.as_str()));
///
/// session.sign_in("ada")?;
/// session.save().await?;
/// assert!(!CsrfToken::verify(&session, one_tab.as_str()));
/// # Ok::<(), session_core::SessionError>(()) })?;
/// # Ok::<(), session_core::SessionError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The name of the form's field.
    pub const FIELD: &'static str = "csrf_token";
    /// The name of the request's header, for scripts.
    pub const HEADER: &'static str = "x-csrf-token";

    /// Issues a token; call it where a form is rendered.
    ///
    /// The first call stores a secret, and saves the session before the response, so that two tabs show tokens of one secret.
    /// Other changes that the handler has made until then are saved with it.
    ///
    /// # Errors
    ///
    /// The store failed, or there are no random bytes.
    pub async fn issue(session: &RequestSession) -> Result<Self, SessionError> {
        let fresh = hex::encode(random()?);
        loop {
            let is_first = !session.contains(SECRET);
            let key = match session.get_or_insert_with(SECRET, || fresh.clone()) {
                Ok(key) => key,
                // An id from before a sign-in: no form that it shows can be sent any more.
                Err(SessionError::Superseded | SessionError::Gone) => fresh.clone(),
                Err(error) => return Err(error),
            };
            let is_signing_in = session.owner().is_some() && session.authenticated_at().is_none();
            if is_first || is_signing_in || session.public_id().is_none() {
                match session.save().await {
                    // Another tab was faster; the next look finds its secret.
                    Err(SessionError::Conflict { .. }) => continue,
                    Ok(()) | Err(SessionError::Superseded | SessionError::Gone) => {}
                    Err(error) => return Err(error),
                }
            }
            return Ok(Self::masked(tag(session, &key), random()?));
        }
    }

    /// Says whether a text is a token of this session.
    #[must_use]
    pub fn verify(session: &Session, text: &str) -> bool {
        let Ok(Some(key)) = session.get::<String>(SECRET) else {
            return false;
        };
        let mut bytes = [0; 2 * HALF];
        if hex::decode_to_slice(text, &mut bytes).is_err() {
            return false;
        }
        let (mask, masked) = bytes.split_at(HALF);
        let tag: Vec<u8> = mask.iter().zip(masked).map(|(a, b)| a ^ b).collect();
        mac(session, &key).verify_truncated_left(&tag).is_ok()
    }

    /// Returns the text, which needs no escaping.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hidden field for a form, as HTML.
    ///
    /// Make it the form's first one: on Rocket only the first 512 bytes of a body can be looked at. A form with files
    /// (`multipart/form-data`) is not looked into: where a browser sends neither header it is refused, so send such a form by a script, with
    /// the token in [`HEADER`](Self::HEADER).
    #[must_use]
    pub fn field(&self) -> String {
        format!(
            r#"<input type="hidden" name="{}" value="{}">"#,
            Self::FIELD,
            self.0
        )
    }

    /// Finds the token in a body of `application/x-www-form-urlencoded`, or in its beginning.
    #[must_use]
    pub fn in_form(body: &[u8]) -> Option<&str> {
        let pairs = body.split(|byte| *byte == b'&');
        let mut values = pairs.filter_map(|pair| {
            let rest = pair.strip_prefix(Self::FIELD.as_bytes())?;
            rest.strip_prefix(b"=")
        });
        let value = values.next()?;
        // Its text is hexadecimal, so nothing is encoded.
        str::from_utf8(value).ok()
    }

    fn masked(tag: [u8; HALF], mask: [u8; HALF]) -> Self {
        let mut bytes = [0; 2 * HALF];
        let (first, second) = bytes.split_at_mut(HALF);
        first.copy_from_slice(&mask);
        for ((byte, tag), mask) in second.iter_mut().zip(tag).zip(mask) {
            *byte = tag ^ mask;
        }
        Self(hex::encode(bytes))
    }
}

/// The token is a secret of the session; its text is for forms alone.
impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(…)")
    }
}

/// A new record has another handle, so a sign-in makes every token from before it void, although the values come along.
fn mac(session: &Session, key: &str) -> Hmac<Sha256> {
    let mac: Hmac<Sha256> = KeyInit::new_from_slice(key.as_bytes()).expect("a key has any length");
    let handle = session.public_id().map(|handle| handle.to_string());
    mac.chain_update(b"csrf\0")
        .chain_update(handle.as_deref().unwrap_or_default())
        .chain_update(b"\0")
        .chain_update(session.owner().as_deref().unwrap_or_default())
}

fn tag(session: &Session, key: &str) -> [u8; HALF] {
    let whole = mac(session, key).finalize().into_bytes();
    let mut tag = [0; HALF];
    tag.copy_from_slice(&whole[..HALF]);
    tag
}

fn random() -> Result<[u8; HALF], EntropyError> {
    let mut bytes = [0; HALF];
    OsEntropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// Says whether a body of this type has a form's fields in it; Rocket has a rule of its own, which is the same.
#[cfg(any(test, feature = "actix", feature = "axum"))]
pub(crate) fn is_form(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The bytes of a tag, and of its mask.
const HALF: usize = 16;
const SECRET: &str = "_csrf";

#[cfg(test)]
mod tests {
    use super::is_form;

    #[test]
    fn a_form_is_known_by_its_type_in_any_case_and_with_parameters() {
        for (kind, expected) in [
            ("application/x-www-form-urlencoded", true),
            ("application/x-www-form-urlencoded; charset=UTF-8", true),
            ("Application/X-WWW-Form-URLEncoded ;charset=utf-8", true),
            (" application/x-www-form-urlencoded\t", true),
            ("application/x-www-form-urlencoded2", false),
            ("application/x-www-form-urlencoded+json", false),
            ("text/plain; application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            assert_eq!(is_form(kind.as_bytes()), expected, "{kind:?}");
        }
    }
}
