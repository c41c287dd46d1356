//! The page: one HTML template whose `{{slots}}` are filled from a [`View`].

/// The content of the page for one visitor.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The name of the server that answers, such as `axum`.
    pub server: &'static str,
    /// The visits counted in this session.
    pub visits: u64,
    /// The notes in this session, oldest first.
    pub notes: Vec<String>,
    /// The owner, if signed in.
    pub owner: Option<String>,
    /// Whether the cookie ends when the browser closes.
    pub browser_close: bool,
    /// The seconds until the session expires, if it does.
    pub expires_in: Option<u64>,
    /// The current inactivity limit, in minutes.
    pub idle_minutes: u64,
    /// The live sessions of the owner.
    pub devices: Vec<Device>,
    /// Whether a stored session was loaded.
    pub exists: bool,
    /// The outcome of the last action, shown once above the cards.
    pub notice: Option<&'static str>,
}

/// One live session of the signed-in owner.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// The public name by which the session is revoked; never its id.
    pub handle: String,
    /// The moment of creation, in RFC 3339.
    pub created_at: String,
    /// The moment of the last use, in RFC 3339.
    pub last_seen_at: String,
    /// The moment of expiry without further use, in RFC 3339.
    pub expires_at: String,
    /// Whether this is the request's own session.
    pub current: bool,
}

impl View {
    /// Renders the whole page as HTML.
    #[must_use]
    pub fn render(&self) -> String {
        let mut page = String::with_capacity(2 * TEMPLATE.len());
        let mut rest = TEMPLATE;
        // One pass, so that a note that looks like a slot is not filled too.
        while let Some((before, tail)) = rest.split_once("{{") {
            let (slot, after) = tail.split_once("}}").unwrap_or((tail, ""));
            page.push_str(before);
            page.push_str(&self.fill(slot));
            rest = after;
        }
        page + rest
    }

    fn fill(&self, slot: &str) -> String {
        let checked = |on| if on { " checked" } else { "" }.to_owned();
        match slot {
            "server" => escape(self.server),
            "notice" => self.notice.map_or_else(String::new, |notice| {
                format!(
                    r#"<p class="notice" id="notice" role="status">{}</p>"#,
                    escape(notice)
                )
            }),
            "visits" => self.visits.to_string(),
            "notes" => self.notes.iter().enumerate().map(note).collect(),
            "account" => self
                .owner
                .as_deref()
                .map_or_else(|| SIGN_IN.to_owned(), |owner| self.account(owner)),
            "seconds" => self
                .expires_in
                .map_or_else(String::new, |left| format!(r#" data-seconds="{left}""#)),
            "remaining" => self.remaining(),
            "ends" => self.ends(),
            "browser-close" => checked(self.browser_close),
            "after-minutes" => checked(!self.browser_close),
            // With a value outside the field's bounds the browser would not send the form at all.
            "minutes" => self.idle_minutes.clamp(1, 525_600).to_string(),
            unknown => format!("{{{{{unknown}}}}}"),
        }
    }

    fn account(&self, owner: &str) -> String {
        let owner = escape(owner);
        let rows: String = self.devices.iter().map(Device::row).collect();
        format!(
            r#"<form class="row apart" id="logout-form" method="post" action="/form/logout">
      <p>Signed in as <strong id="owner">{owner}</strong></p>
      <button>Sign out</button>
    </form>
    <table id="devices" role="table">
      <caption>Devices where you are signed in</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Device</th>
          <th role="columnheader" scope="col">Started</th>
          <th role="columnheader" scope="col">Last seen</th>
          <th role="columnheader" scope="col">Expires</th>
          <th role="columnheader" scope="col"><span class="unseen">Action</span></th>
        </tr>
      </thead>
      <tbody role="rowgroup">{rows}
      </tbody>
    </table>
    <form id="revoke-others-form" method="post" action="/form/revoke-others">
      <button class="danger">Sign out all other devices</button>
    </form>"#
        )
    }

    fn remaining(&self) -> String {
        match self.expires_in {
            Some(left) if left > 0 => span(left),
            Some(_) => "expired".to_owned(),
            None if self.exists => "no limit".to_owned(),
            None => "no session yet".to_owned(),
        }
    }

    fn ends(&self) -> String {
        let close = if self.browser_close {
            "when the browser closes, or "
        } else {
            ""
        };
        match self.idle_minutes {
            ..1 => format!("{close}after less than a minute of inactivity"),
            idle => format!(
                "{close}after {} of inactivity",
                span(idle.saturating_mul(60))
            ),
        }
    }
}

impl Device {
    fn row(&self) -> String {
        let handle = escape(&self.handle);
        let name = escape(&self.handle.chars().take(8).collect::<String>());
        let action = if self.current {
            r#"<span class="badge">this device</span>"#.to_owned()
        } else {
            format!(
                r#"<form method="post" action="/form/revoke"><button class="small danger" name="handle" value="{handle}" aria-label="Revoke device {name}">Revoke</button></form>"#
            )
        };
        let [created, seen, expires] =
            [&self.created_at, &self.last_seen_at, &self.expires_at].map(|at| time(at));
        let current = if self.current {
            r#" aria-current="true""#
        } else {
            ""
        };
        format!(
            r#"
        <tr role="row" data-handle="{handle}"{current}>
          <th role="rowheader" scope="row"><code title="{handle}">{name}</code></th>
          <td role="cell" data-label="Started">{created}</td>
          <td role="cell" data-label="Last seen">{seen}</td>
          <td role="cell" data-label="Expires">{expires}</td>
          <td role="cell">{action}</td>
        </tr>"#
        )
    }
}

fn note((index, text): (usize, &String)) -> String {
    let text = escape(text);
    // The button carries the index: a hidden field may have an old value after a reload.
    format!(
        r#"
      <li><span>{text}</span><form method="post" action="/form/note/remove"><button class="small" name="index" value="{index}" aria-label="Remove note: {text}">Remove</button></form></li>"#
    )
}

/// Shows an RFC 3339 time in UTC to the minute, and any other text as it is.
fn time(at: &str) -> String {
    let parts = at
        .ends_with('Z')
        .then(|| at.get(..10).zip(at.get(11..16)))
        .flatten();
    let shown = parts.map_or_else(
        || at.to_owned(),
        |(day, minute)| format!("{day} {minute} UTC"),
    );
    format!(
        r#"<time datetime="{}">{}</time>"#,
        escape(at),
        escape(&shown)
    )
}

/// Formats a number of seconds in its two largest units.
fn span(seconds: u64) -> String {
    let count = |n: u64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, 0) => format!("{m} min"),
        (0, 0, m, s) => format!("{m} min {s} s"),
        (0, h, 0, _) => count(h, "hour"),
        (0, h, m, _) => format!("{} {m} min", count(h, "hour")),
        (d, 0, ..) => count(d, "day"),
        (d, h, ..) => format!("{} {}", count(d, "day"), count(h, "hour")),
    }
}

/// Escapes a text for use between tags and inside a quoted attribute.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

const TEMPLATE: &str = include_str!("page.html");

const SIGN_IN: &str = r#"<p class="hint">Any name will do. Signing in gives the session a new id and keeps your notes.</p>
    <form class="field" id="login-form" method="post" action="/form/login">
      <label for="user">Name</label>
      <div class="row">
        <input type="text" id="user" name="user" required maxlength="64" autocomplete="username" autocapitalize="none" spellcheck="false">
        <button class="primary">Sign in</button>
      </div>
    </form>"#;

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = r#"<script>alert("it's & {{visits}}")</script>"#;
    const SHOWN: &str = "&lt;script&gt;alert(&quot;it&#39;s &amp; {{visits}}&quot;)&lt;/script&gt;";

    fn hostile() -> View {
        let device = || Device {
            handle: HOSTILE.to_owned(),
            created_at: HOSTILE.to_owned(),
            last_seen_at: HOSTILE.to_owned(),
            expires_at: HOSTILE.to_owned(),
            current: false,
        };
        View {
            server: HOSTILE,
            notes: vec![HOSTILE.to_owned()],
            owner: Some(HOSTILE.to_owned()),
            devices: vec![
                device(),
                Device {
                    current: true,
                    ..device()
                },
            ],
            notice: Some(HOSTILE),
            ..View::default()
        }
    }

    #[test]
    fn escaping_leaves_no_character_that_html_reads() {
        assert_eq!(escape(HOSTILE), SHOWN);
        assert_eq!(escape("Ada’s 2 Bücher"), "Ada’s 2 Bücher");
    }

    #[test]
    fn escaping_does_not_spare_what_looks_escaped_already() {
        assert_eq!(escape("&lt;"), "&amp;lt;");
    }

    #[test]
    fn no_text_of_a_visitor_becomes_markup() {
        let page = hostile().render();
        assert!(!page.contains("<script>alert") && !page.contains(r#"alert(""#));
        assert!(page.contains(&format!("<span>{SHOWN}</span>")));
        assert!(page.contains(&format!(r#"<strong id="owner">{SHOWN}</strong>"#)));
        assert!(page.contains(&format!(r#"data-handle="{SHOWN}""#)));
        assert!(page.contains(&format!(r#"<time datetime="{SHOWN}">{SHOWN}</time>"#)));
    }

    #[test]
    fn every_slot_of_the_template_is_filled() {
        for owner in [None, Some("ada".to_owned())] {
            assert!(
                !View {
                    owner,
                    ..View::default()
                }
                .render()
                .contains("{{")
            );
        }
    }

    #[test]
    fn only_the_other_devices_can_be_revoked() {
        let page = hostile().render();
        assert_eq!(page.matches("<tr role=\"row\" data-handle=").count(), 2);
        assert_eq!(page.matches("action=\"/form/revoke\"").count(), 1);
        assert_eq!(page.matches(">this device<").count(), 1);
    }

    #[test]
    fn a_visitor_sees_either_the_sign_in_or_the_account() {
        let out = View::default().render();
        assert!(out.contains("login-form") && !out.contains("logout-form"));
        let signed_in = hostile().render();
        assert!(!signed_in.contains("login-form") && signed_in.contains("logout-form"));
    }

    #[test]
    fn a_span_names_its_two_largest_units() {
        let spans = [
            (0, "0 s"),
            (252, "4 min 12 s"),
            (300, "5 min"),
            (3_600, "1 hour"),
            (7_509, "2 hours 5 min"),
            (86_400, "1 day"),
            (90_000, "1 day 1 hour"),
            (1_209_599, "13 days 23 hours"),
        ];
        for (seconds, text) in spans {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn a_session_without_an_end_has_no_countdown() {
        let view = View {
            exists: true,
            ..View::default()
        };
        assert!(
            view.render()
                .contains(r#"<dd id="remaining">no limit</dd>"#)
        );
        assert!(
            View::default()
                .render()
                .contains(r#"<dd id="remaining">no session yet</dd>"#)
        );
        let ending = View {
            expires_in: Some(252),
            ..view
        };
        assert!(
            ending
                .render()
                .contains(r#"<dd id="remaining" data-seconds="252">4 min 12 s</dd>"#)
        );
    }

    #[test]
    fn a_time_is_shown_to_the_minute_in_utc() {
        let at = "2026-12-01T08:30:59.25Z";
        assert_eq!(
            time(at),
            format!(r#"<time datetime="{at}">2026-12-01 08:30 UTC</time>"#)
        );
    }
}
