use std::sync::Arc;

use super::cookie::Presented;
use crate::policy::attributes::is_of_a_token;
use crate::{Carrier, Id, Policy};

/// The name of the response header that carries a bearer's id, when its session begins and when its secret is rotated.
///
/// A script of another origin can read it only if the application lists it in
/// `Access-Control-Expose-Headers`.
pub const SESSION_TOKEN: &str = "session-token";

/// Finds a request's ids in the header that carries them, and returns the policy that holds for them.
///
/// The values of `Authorization` are asked for only if the policy has bearers.
pub(crate) fn present<'p, 'c, 'a, A>(
    policy: &'p Arc<Policy>,
    cookies: impl IntoIterator<Item = &'c [u8]>,
    authorization: impl FnOnce() -> A,
) -> (&'p Arc<Policy>, Presented)
where
    A: IntoIterator<Item = &'a [u8]>,
{
    if policy.carrier != Carrier::Cookie {
        let bearer = Bearer::of(authorization());
        if bearer != Bearer::Absent || policy.carrier == Carrier::Bearer {
            let mut presented = Presented::default();
            if let Bearer::Token(id) = bearer {
                presented.add(id);
            }
            return (policy.of_bearers(), presented);
        }
    }
    let presented = Presented::scan(&policy.name, policy.id_form, cookies);
    (policy, presented)
}

/// What a request's `Authorization` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bearer {
    /// Nothing, or something of another scheme.
    Absent,
    /// `Bearer`, and no possible id: `new`, or what another authority has issued.
    Unknown,
    Token(Id),
}

impl Bearer {
    /// Reads the values. Whatever begins with the scheme makes a request a bearer's, so that no spelling of it falls back to
    /// the cookie; only one value with one token is read. (RFC 9110, 11.4 and 11.6.2.)
    fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut count = 0_usize;
        let mut found = Self::Absent;
        for value in values {
            count += 1;
            if let Some(token) = token_of(value) {
                found = Id::parse(token).map_or(Self::Unknown, Self::Token);
            }
        }
        // Two programs may take different ones of several for the valid one.
        match found {
            Self::Token(_) if count > 1 => Self::Unknown,
            found => found,
        }
    }
}

/// Returns what stands behind the scheme; `None` if it is another one.
fn token_of(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    match rest.first() {
        Some(b' ') => {
            let start = rest.iter().position(|byte| *byte != b' ');
            Some(start.map_or(&[], |start| &rest[start..]))
        }
        // A longer name is another scheme's.
        Some(byte) if is_of_a_token(*byte) => None,
        // Nothing, or what no scheme's name has.
        _ => Some(rest),
    }
}

const SCHEME: &[u8] = b"bearer";

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";

    fn read(values: &[&str]) -> &'static str {
        let values = values.iter().map(|value| value.replace("ID", ID));
        let values: Vec<String> = values.collect();
        match Bearer::of(values.iter().map(String::as_bytes)) {
            Bearer::Absent => "absent",
            Bearer::Unknown => "unknown",
            Bearer::Token(id) => {
                assert_eq!(id.expose(), ID);
                "token"
            }
        }
    }

    #[test]
    fn one_token_is_read_and_no_spelling_of_the_scheme_falls_back_to_the_cookie() {
        let rows: &[(&[&str], &str)] = &[
            (&[], "absent"),
            (&[""], "absent"),
            (&["Basic YTpi"], "absent"),
            (&["Bear ID"], "absent"),
            (&["BearerX ID"], "absent"),
            (&["Bearer-ID"], "absent"),
            (&["Basic YTpi, Bearer ID"], "absent"),
            (&["Basic YTpi", "Digest x"], "absent"),
            (&["ID"], "absent"),
            (&["Bearer ID"], "token"),
            (&["bEARER ID"], "token"),
            (&["Bearer   ID"], "token"),
            (&[" \tBearer ID\t "], "token"),
            (&["Bearer"], "unknown"),
            (&["Bearer "], "unknown"),
            (&["Bearer new"], "unknown"),
            (&["Bearer\tID"], "unknown"),
            (&["Bearer \tID"], "unknown"),
            (&["Bearer,ID"], "unknown"),
            (&["Bearer:ID"], "unknown"),
            (&["Bearer =ID"], "unknown"),
            (&["Bearer \"ID\""], "unknown"),
            (&["Bearer IDx"], "unknown"),
            (&["Bearer ID="], "unknown"),
            (&["Bearer ID, Bearer ID"], "unknown"),
            (&["Bearer ID ID"], "unknown"),
            (&["Bearer ID;"], "unknown"),
            (&["Bearer ID", "Bearer ID"], "unknown"),
            (&["Bearer ID", "Basic YTpi"], "unknown"),
            (&["Basic YTpi", "Bearer ID"], "unknown"),
            (&["Bearer %41ID"], "unknown"),
        ];
        for (values, expected) in rows {
            assert_eq!(read(values), *expected, "{values:?}");
        }
        let long = format!("Bearer {}", "A".repeat(1_000_000));
        assert_eq!(read(&[&long]), "unknown");
    }
}
