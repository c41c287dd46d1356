use super::error::PolicyError;

/// The cookie's name and the attributes that say which requests bring it back.
pub(crate) struct Attributes<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    pub(crate) domain: Option<&'a str>,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
}

impl Attributes<'_> {
    /// Refuses what browsers drop, and what no request can match.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let name = self.name;
        if name.is_empty() || name.len() > 255 || !name.bytes().all(is_of_a_token) {
            return Err(PolicyError::Name(name.into()));
        }
        if let Some(problem) = problem_of_path(self.path) {
            let value = self.path.into();
            return Err(PolicyError::Path { value, problem });
        }
        if let Some((domain, problem)) = self.domain.and_then(problem_of_domain) {
            let value = domain.into();
            return Err(PolicyError::Domain { value, problem });
        }
        match self.broken_promise() {
            Some(needs) => Err(PolicyError::Prefix {
                name: name.into(),
                needs,
            }),
            None => Ok(()),
        }
    }

    /// Returns what the name's prefix promises and the attributes don't keep (RFC 6265bis, 4.1.3).
    fn broken_promise(&self) -> Option<&'static str> {
        let has = |prefix: &str| has_prefix(self.name, prefix);
        let is_host = has("__Host-");
        let is_http = has("__Http-") || has("__Host-Http-");
        if !self.secure && (is_host || is_http || has("__Secure-")) {
            return Some("Secure; drop the prefix, or `insecure`");
        }
        if is_http && !self.http_only {
            return Some("HttpOnly; drop the prefix, or `danger_readable_by_scripts`");
        }
        if is_host && self.domain.is_some() {
            return Some(if is_http {
                "no Domain; use `__Http-` instead"
            } else {
                "no Domain; use `__Secure-` instead"
            });
        }
        if is_host && self.path != "/" {
            return Some(if is_http {
                "Path=/; use `__Http-` instead"
            } else {
                "Path=/; use `__Secure-` instead"
            });
        }
        None
    }
}

/// Says whether a cookie's name begins with a prefix. Browsers compare prefixes whatever their case.
pub(crate) fn has_prefix(name: &str, prefix: &str) -> bool {
    let start = name.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Says whether a byte may stand in a token, as of a cookie's name or a scheme (RFC 9110, 5.6.2).
pub(crate) fn is_of_a_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Says whether a name is that of a cookie's attribute. Python's `http.cookies`, and so Django, reads no cookie
/// of such a name.
pub(crate) fn is_attribute(name: &str) -> bool {
    const ATTRIBUTES: [&str; 10] = [
        "comment",
        "domain",
        "expires",
        "httponly",
        "max-age",
        "partitioned",
        "path",
        "samesite",
        "secure",
        "version",
    ];
    ATTRIBUTES.contains(&&*name.to_ascii_lowercase())
}

/// Says why no request can have a path, as browsers write paths (WHATWG URL, "path percent-encode set").
fn problem_of_path(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("must begin with /");
    }
    if path.len() > LONGEST {
        return Some("is longer than 1024 bytes; browsers ignore it");
    }
    if path.contains(['?', '#']) {
        return Some("has a query or fragment, which a cookie's path does not match; leave it out");
    }
    let is_legal = |byte: u8| byte.is_ascii_graphic() && !b";,\"<>\\^`{}".contains(&byte);
    if !path.bytes().all(is_legal) {
        return Some(
            "has a character that a cookie's path can't carry, or that browsers encode; write it as %XX",
        );
    }
    if path.split('/').any(is_dots) {
        return Some("has a segment of dots, which browsers resolve; write the path without");
    }
    None
}

/// Says whether browsers take a segment for the present or the parent folder.
fn is_dots(segment: &str) -> bool {
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}

/// Says why browsers take no such domain.
fn problem_of_domain(domain: &str) -> Option<(&str, &'static str)> {
    let problem = if domain.is_empty() {
        "is empty; leave it out"
    } else if domain.contains("://") {
        "has a scheme; give the name alone, no scheme and no port"
    } else if domain.starts_with('.') || domain.ends_with('.') {
        "begins or ends with a dot; leave out the dot"
    } else if is_address(domain) {
        "is an IP address, which has no subdomains; leave it out"
    } else if domain.contains(':') {
        "has a port, which cookies do not know; give the name alone, no port"
    } else if domain.contains('/') {
        "has a path; give the name alone, no path"
    } else if !domain.is_ascii() {
        "is not ASCII; write it as browsers do, with xn--"
    } else if !domain.bytes().all(is_of_a_name) {
        "has a character that no name has; use letters, digits, hyphens and dots"
    } else if domain.len() > 253 {
        "is longer than 253 bytes; no host has such a name"
    } else if domain
        .split('.')
        .any(|label| !(1..=63).contains(&label.len()))
    {
        "has a part that is not 1 to 63 characters long"
    } else if domain
        .split('.')
        .any(|label| label.starts_with('-') || label.ends_with('-'))
    {
        "has a part that begins or ends with a hyphen"
    } else if !domain.contains('.') {
        "has one part, so that it is one host, or a domain that anybody can register under; leave it out"
    } else {
        return None;
    };
    Some((domain, problem))
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// Says whether browsers read a host as an address; its last part is a number then (WHATWG URL, "ends in a
/// number checker").
fn is_address(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or(last.strip_prefix("0X"));
    let is_number = match hexadecimal {
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|digit| digit.is_ascii_digit()),
    };
    is_number || domain.starts_with('[') || domain.matches(':').count() > 1
}

/// Browsers ignore longer attributes (RFC 6265bis, 5.6).
const LONGEST: usize = 1024;
