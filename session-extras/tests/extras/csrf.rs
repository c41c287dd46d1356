use Verdict::{AskToken, Pass, Refuse};
use session_core::Carrier::{self, Bearer, Cookie};
use session_extras::{Csrf, Verdict};

fn shop() -> Csrf {
    Csrf::new(["https://shop.example", "http://localhost:3000"]).unwrap()
}

fn judge(method: &str, carrier: Carrier, headers: &[(&str, &str)]) -> Verdict {
    shop().judge(method, carrier, |wanted| {
        let found = headers.iter().filter(move |(name, _)| *name == wanted);
        found.map(|(_, value)| value.as_bytes())
    })
}

const OWN: (&str, &str) = ("origin", "https://shop.example");
const FOREIGN: (&str, &str) = ("origin", "https://evil.example");

/// What the headers of an unsafe request with a cookie come to.
#[rustfmt::skip]
const UNSAFE: &[(&[(&str, &str)], Verdict)] = &[
    // Sec-Fetch-Site decides alone.
    (&[("sec-fetch-site", "same-origin")], Pass),
    (&[("sec-fetch-site", "none")], Pass),
    (&[("sec-fetch-site", "same-site")], Refuse),
    (&[("sec-fetch-site", "cross-site")], Refuse),
    (&[("sec-fetch-site", "cross-site"), OWN], Refuse),
    (&[("sec-fetch-site", "same-site"), OWN], Refuse),
    (&[("sec-fetch-site", "same-origin"), FOREIGN], Pass),
    // What no browser writes is no pass.
    (&[("sec-fetch-site", "")], Refuse),
    (&[("sec-fetch-site", "Same-Origin")], Refuse),
    (&[("sec-fetch-site", "same-origin ")], Refuse),
    (&[("sec-fetch-site", "same-origin, none")], Refuse),
    (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], Refuse),
    (&[("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin")], Refuse),
    // Without it, the origin has to be one of ours.
    (&[OWN], Pass),
    (&[("origin", "http://localhost:3000")], Pass),
    (&[FOREIGN], Refuse),
    (&[("origin", "null")], Refuse),
    (&[("origin", "")], Refuse),
    (&[("origin", "http://shop.example")], Refuse),
    (&[("origin", "https://shop.example:444")], Refuse),
    (&[("origin", "https://shop.example.evil.example")], Refuse),
    (&[("origin", "https://www.shop.example")], Refuse),
    (&[("origin", "https://shop.example/")], Refuse),
    (&[("origin", "HTTPS://shop.example")], Refuse),
    (&[OWN, OWN], Refuse),
    (&[FOREIGN, OWN], Refuse),
    // `Host` and `Referer` have no say.
    (&[FOREIGN, ("host", "evil.example")], Refuse),
    (&[("host", "shop.example"), ("referer", "https://shop.example/")], AskToken),
    (&[], AskToken),
];

#[test]
fn the_headers_of_an_unsafe_request_decide_as_the_table_says() {
    for (headers, expected) in UNSAFE {
        for method in [
            "POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "QUERY", "",
        ] {
            assert_eq!(
                judge(method, Cookie, headers),
                *expected,
                "{method} {headers:?}"
            );
        }
    }
}

#[test]
fn safe_methods_and_bearers_pass_whatever_their_headers() {
    for (headers, _) in UNSAFE {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert_eq!(judge(method, Cookie, headers), Pass, "{method} {headers:?}");
        }
        assert_eq!(judge("POST", Bearer, headers), Pass, "{headers:?}");
        let both = judge("POST", Carrier::Both, headers);
        assert_eq!(both, judge("POST", Cookie, headers), "{headers:?}");
    }
}

#[test]
fn an_origin_that_no_browser_would_send_is_refused_at_the_start() {
    let right = [
        "https://shop.example",
        "http://localhost:3000",
        "https://127.0.0.1:8443",
        "http://[::1]:3000",
        "http://[::1]",
        "https://xn--bcher-kva.example",
        "https://a.b-c.example:80",
        "http://x:443",
    ];
    for origin in right {
        assert!(
            Csrf::new([origin]).unwrap().has(origin.as_bytes()),
            "{origin}"
        );
    }
    let wrong = [
        "",
        "shop.example",
        "https://",
        "https://shop.example/",
        "https://shop.example/a",
        "https://Shop.example",
        "HTTPS://shop.example",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://shop.example:",
        "https://shop.example:0443",
        "https://shop.example:99999",
        "https://shop.example:x",
        "ftp://shop.example",
        "https://user@shop.example",
        "https://bücher.example",
        "null",
        "*",
        "https://*.example",
        "https://a b",
        "https://shop.example?x",
        "http://[::1",
        "http://::1",
    ];
    for origin in wrong {
        let error = Csrf::new(["https://shop.example", origin]).unwrap_err();
        assert_eq!(error.origin, origin);
    }
}
