use std::sync::LazyLock;

use user_agent_parser::UserAgentParser;

/// Makes a device's label of a `User-Agent` header: "Firefox on Windows", "Safari", "Linux"; `None` of anything else.
///
/// The words are ours: nothing of the header is in the label, and two visitors with the same browser have the same one.
/// 512 bytes of the header are looked at. (Feature `user-agent`.)
///
/// ```
/// use session_core::device_label;
///
/// let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0";
/// assert_eq!(device_label(firefox).as_deref(), Some("Firefox on Windows"));
/// assert_eq!(device_label("<script>"), None);
/// ```
#[must_use]
pub fn device_label(user_agent: &str) -> Option<String> {
    let mut end = user_agent.len().min(MAX_BYTES);
    while !user_agent.is_char_boundary(end) {
        end -= 1;
    }
    let text = &user_agent[..end];
    let browser = PARSER.parse_product(text).name.filter(|name| name != OTHER);
    let system = PARSER.parse_os(text).name.filter(|name| name != OTHER);
    match (browser, system) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.into_owned()),
        (None, None) => None,
    }
}

/// Each pattern of the file has its word beside it.
static PARSER: LazyLock<UserAgentParser> = LazyLock::new(|| {
    UserAgentParser::from_str(include_str!("user_agent.yaml"))
        .expect("the file is our own, and read in a test")
});

/// The library's word for what no pattern matches.
const OTHER: &str = "Other";

/// Headers of browsers have about 150.
const MAX_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_the_browser_and_the_system_in_words_of_ours() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let on = |system: &str, browser: &str| format!("Mozilla/5.0 ({system}) {browser}");
        let windows = "Windows NT 10.0; Win64; x64";
        let mac = "Macintosh; Intel Mac OS X 10_15_7";
        let phone = "iPhone; CPU iPhone OS 18_6 like Mac OS X";
        let rows = [
            (
                on(
                    "X11; Linux x86_64; rv:143.0",
                    "Gecko/20100101 Firefox/143.0",
                ),
                "Firefox on Linux",
            ),
            (
                on("Android 15; Mobile; rv:143.0", "Gecko/143.0 Firefox/143.0"),
                "Firefox on Android",
            ),
            (
                on(
                    phone,
                    "AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/143.0 Mobile/15E148 Safari/605.1.15",
                ),
                "Firefox on iOS",
            ),
            (
                on(windows, &format!("{WEBKIT} Chrome/140.0.0.0 Safari/537.36")),
                "Chrome on Windows",
            ),
            (
                on(
                    "X11; CrOS x86_64 14541.0.0",
                    &format!("{WEBKIT} Chrome/140.0.0.0 Safari/537.36"),
                ),
                "Chrome on ChromeOS",
            ),
            (
                on(
                    phone,
                    "AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
                ),
                "Chrome on iOS",
            ),
            (
                on(
                    windows,
                    &format!("{WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"),
                ),
                "Edge on Windows",
            ),
            (
                on(
                    mac,
                    &format!("{WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/121.0.0.0"),
                ),
                "Opera on macOS",
            ),
            (
                on(
                    mac,
                    &format!("{WEBKIT} Chrome/140.0.0.0 Safari/537.36 Vivaldi/7.5"),
                ),
                "Vivaldi on macOS",
            ),
            (
                on(
                    "Linux; Android 15; SM-S931B",
                    &format!("{WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"),
                ),
                "Samsung Internet on Android",
            ),
            (
                on(
                    mac,
                    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
                ),
                "Safari on macOS",
            ),
            (
                on(
                    phone,
                    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                ),
                "Safari on iOS",
            ),
            (
                on("Windows NT 10.0; WOW64; Trident/7.0; rv:11.0", "like Gecko"),
                "Internet Explorer on Windows",
            ),
            ("curl/8.5.0".into(), "curl"),
            (on("X11; Linux x86_64", "unheard-of/1.0"), "Linux"),
        ];
        for (header, expected) in rows {
            assert_eq!(device_label(&header).as_deref(), Some(expected), "{header}");
        }
    }

    #[test]
    fn nothing_of_a_header_gets_into_the_label() {
        let late = format!("{} Firefox/143.0", "x".repeat(510));
        let split = format!("{}é Windows", "x".repeat(511));
        for header in [
            "",
            "Mozilla/5.0",
            "Other",
            "$1 (<script>alert(1)</script>)",
            &late,
            &split,
        ] {
            assert_eq!(device_label(header), None, "{header}");
        }
        let hostile = device_label("Firefox/1<b>$1</b> (Windows <i>)").unwrap();
        assert_eq!(hostile, "Firefox on Windows");
    }
}
