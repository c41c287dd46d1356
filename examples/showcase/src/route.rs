use crate::Answer;
use crate::request::decode;

/// A route under `/api` that opens the session.
#[derive(Debug)]
pub(crate) enum Route {
    Calm,
    Clear,
    Cycle,
    Delete(String),
    Devices,
    Ended,
    Get(String),
    Increment(String),
    Lifetime,
    Login,
    Logout,
    Panic,
    Password,
    Put(String),
    Reauthenticate,
    Relogin,
    Remaining,
    Revoke(String),
    RevokeOthers,
    Sensitive,
    Show,
    Stream,
}

impl Route {
    /// Finds the route of a method and a path, or answers 404 for the path or 405 for the method.
    pub(crate) fn find(method: &str, path: &[&str]) -> Result<Self, Answer> {
        let key = |segment: &str| {
            decode(segment)
                .map(std::borrow::Cow::into_owned)
                .ok_or_else(|| Answer::error(400, "the path is not UTF-8"))
        };
        Ok(match (method, path) {
            ("GET", ["session"]) => Self::Show,
            ("GET", ["data", name]) if !name.is_empty() => Self::Get(key(name)?),
            ("PUT", ["data", name]) if !name.is_empty() => Self::Put(key(name)?),
            ("DELETE", ["data", name]) if !name.is_empty() => Self::Delete(key(name)?),
            ("POST", ["data", name, "increment"]) if !name.is_empty() => {
                Self::Increment(key(name)?)
            }
            ("GET", ["calm"]) => Self::Calm,
            ("POST", ["clear"]) => Self::Clear,
            ("POST", ["cycle"]) => Self::Cycle,
            ("POST", ["login"]) => Self::Login,
            ("POST", ["logout"]) => Self::Logout,
            ("POST", ["password"]) => Self::Password,
            ("POST", ["reauthenticate"]) => Self::Reauthenticate,
            ("POST", ["relogin"]) => Self::Relogin,
            ("PUT", ["lifetime"]) => Self::Lifetime,
            ("GET", ["devices"]) => Self::Devices,
            ("DELETE", ["devices"]) => Self::RevokeOthers,
            ("DELETE", ["devices", handle]) if !handle.is_empty() => Self::Revoke(key(handle)?),
            ("POST", ["panic"]) => Self::Panic,
            ("GET", ["ended"]) => Self::Ended,
            ("GET", ["remaining"]) => Self::Remaining,
            ("GET", ["sensitive"]) => Self::Sensitive,
            ("GET", ["stream"]) => Self::Stream,
            _ => return Err(Self::refuse(path)),
        })
    }

    /// Returns the answer to a method that the path does not have.
    fn refuse(path: &[&str]) -> Answer {
        let methods = match path {
            ["calm" | "ended" | "remaining" | "sensitive" | "session" | "stream" | "untouched"] => {
                "GET, HEAD"
            }
            [
                "clear" | "cycle" | "login" | "logout" | "panic" | "password" | "reauthenticate"
                | "relogin",
            ] => "POST",
            ["lifetime"] => "PUT",
            ["devices"] => "GET, HEAD, DELETE",
            ["devices", handle] if !handle.is_empty() => "DELETE",
            ["data", name] if !name.is_empty() => "GET, HEAD, PUT, DELETE",
            ["data", name, "increment"] if !name.is_empty() => "POST",
            _ => return Answer::error(404, "not found"),
        };
        Answer::not_allowed(methods)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&[&str]; 25] = [
        &["calm"],
        &["ended"],
        &["remaining"],
        &["sensitive"],
        &["password"],
        &["session"],
        &["stream"],
        &["untouched"],
        &["clear"],
        &["cycle"],
        &["login"],
        &["logout"],
        &["reauthenticate"],
        &["relogin"],
        &["panic"],
        &["lifetime"],
        &["devices"],
        &["devices", "x"],
        &["devices", ""],
        &["data"],
        &["data", "x"],
        &["data", ""],
        &["data", "x", "increment"],
        &["data", "", "increment"],
        &["nowhere"],
    ];

    #[test]
    fn a_path_has_the_methods_that_it_names_and_no_others() {
        for path in PATHS {
            let methods = ["GET", "PUT", "POST", "DELETE"];
            let (found, refused): (Vec<_>, Vec<_>) = methods
                .into_iter()
                .map(|method| (method, Route::find(method, path)))
                .partition(|(_, route)| route.is_ok());
            let mut expected: Vec<&str> = found.iter().map(|(method, _)| *method).collect();
            if path == ["untouched"] {
                // This path opens no session, so it is answered without a route.
                expected.push("GET");
            }
            for (method, refusal) in refused {
                let refusal = refusal.unwrap_err();
                let allow = refusal.allow.unwrap_or_default();
                let named: Vec<&str> = allow.split(", ").collect();
                let named = named
                    .into_iter()
                    .filter(|name| !matches!(*name, "HEAD" | ""));
                assert_eq!(named.collect::<Vec<_>>(), expected, "{method} {path:?}");
                let status = if expected.is_empty() { 404 } else { 405 };
                assert_eq!(refusal.status, status, "{method} {path:?}");
            }
        }
    }
}
