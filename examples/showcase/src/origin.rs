use session_core::Carrier;
use session_extras::{Csrf, Verdict};

use crate::{Answer, Request};

/// Refuses an unsafe request that another site may have caused: by its `Sec-Fetch-Site`, or by its `Origin`. One that has neither comes from no
/// present browser, and is taken, so that the API can be tried with any client. A bearer's request is judged as any other, although no browser attaches its
/// token by itself.
///
/// An application names its own origins. The showcase can't know by what name it is reached, so those of `Host` are its own: good enough where no
/// proxy writes that header.
pub(crate) fn check(request: &Request<'_>) -> Result<(), Answer> {
    let host = request.host.and_then(|host| str::from_utf8(host).ok());
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let own = ["http://", "https://"].map(|scheme| format!("{scheme}{host}"));
    let own: Vec<&String> = own.iter().filter(|own| Csrf::new([own]).is_ok()).collect();
    let csrf = Csrf::new(own).map_err(|_| Answer::error(500, "no origin"))?;
    // A browser sends both, and each has to be right.
    let headers = [
        ("sec-fetch-site", request.fetch_site),
        ("origin", request.origin),
    ];
    for (name, value) in headers {
        let values = |wanted| value.filter(|_| wanted == name);
        if csrf.judge(request.method, Carrier::Cookie, values) == Verdict::Refuse {
            return Err(Answer::error(
                403,
                "the request comes from another site; nothing was changed",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, host: &str, headers: [Option<&str>; 2]) -> u16 {
        let [fetch_site, origin] = headers.map(|value| value.map(str::as_bytes));
        let request = Request {
            method,
            path: "/",
            query: "",
            user_agent: "",
            accept: "",
            cookie: None,
            host: Some(host.as_bytes()),
            origin,
            fetch_site,
            body: b"",
        };
        check(&request).map_or_else(|refusal| refusal.status, |()| 200)
    }

    #[test]
    fn of_several_values_none_counts() {
        let [one, other] = [&b"same-origin"[..], b"cross-site"];
        assert_eq!(Request::sole([]), None);
        assert_eq!(Request::sole([one]), Some(one));
        for values in [[one, other], [one, one]] {
            assert_eq!(Request::sole(values), Some(&b""[..]));
        }
    }

    #[test]
    fn what_another_site_may_have_caused_is_refused() {
        let host = "127.0.0.1:3000";
        for ([site, origin], expected) in [
            ([None, None], 200),
            ([Some("same-origin"), None], 200),
            ([Some("none"), None], 200),
            ([Some("same-site"), None], 403),
            ([Some("cross-site"), None], 403),
            ([None, Some("http://127.0.0.1:3000")], 200),
            ([None, Some("https://127.0.0.1:3000")], 200),
            ([None, Some("http://127.0.0.1:3001")], 403),
            ([None, Some("https://evil.example")], 403),
            ([None, Some("null")], 403),
            // What counts for several values.
            ([None, Some("")], 403),
            ([Some(""), None], 403),
            ([Some("same-origin"), Some("http://127.0.0.1:3000")], 200),
            ([Some("same-origin"), Some("https://evil.example")], 403),
            ([Some("cross-site"), Some("http://127.0.0.1:3000")], 403),
        ] {
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                assert_eq!(
                    status(method, host, [site, origin]),
                    expected,
                    "{site:?} {origin:?}"
                );
            }
            assert_eq!(status("GET", host, [site, origin]), 200);
            assert_eq!(status("HEAD", host, [site, origin]), 200);
        }
        assert_eq!(
            status("POST", "LocalHost", [None, Some("http://localhost")]),
            200
        );
        assert_eq!(status("POST", "", [None, Some("http://")]), 403);
    }
}
