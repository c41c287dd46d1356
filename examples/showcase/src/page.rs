//! The page: one HTML template whose `{{slots}}` are filled from a [`View`].

mod happened;
mod text;

pub use self::happened::{Happened, Seen};
use self::text::{escape, span, time};

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
    /// Which lifetime the visitor has chosen.
    pub lifetime: Lifetime,
    /// The seconds until the session expires, if it does.
    pub expires_in: Option<u64>,
    /// The current inactivity limit, in minutes.
    pub idle_minutes: u64,
    /// The live sessions of the owner.
    pub devices: Vec<Device>,
    /// Whether a stored session was loaded.
    pub exists: bool,
    /// Why the last action was not done, shown above the cards.
    pub notice: Option<&'static str>,
    /// What was done, shown once above the cards.
    pub messages: Vec<String>,
    /// What the last form did, shown once.
    pub happened: Option<Happened>,
}

/// A choice among the page's lifetimes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// As the server does by default.
    #[default]
    Default,
    /// When the browser closes.
    BrowserClose,
    /// After some minutes of inactivity.
    Minutes,
    /// At a moment, which the page has no choice for.
    Other,
}

/// One live session of the signed-in owner.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// The public name by which the session is revoked; never its id.
    pub handle: String,
    /// The device's name, such as "Firefox on Linux".
    pub label: Option<String>,
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
                let notice = escape(notice);
                format!(r#"<p class="notice" id="notice" role="alert">{notice}</p>"#)
            }),
            "messages" if self.messages.is_empty() => String::new(),
            "messages" => {
                let lines: Vec<String> = self.messages.iter().map(|it| escape(it)).collect();
                let lines = lines.join("<br>");
                format!(r#"<p class="notice" id="messages" role="status">{lines}</p>"#)
            }
            "happened" => self
                .happened
                .as_ref()
                .map_or_else(String::new, Happened::render),
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
            "browser-close" => checked(self.lifetime == Lifetime::BrowserClose),
            "after-minutes" => checked(self.lifetime == Lifetime::Minutes),
            "by-default" => checked(self.lifetime == Lifetime::Default),
            // With a value outside the field's bounds the browser would not send the form at all.
            "minutes" => self.idle_minutes.clamp(1, 525_600).to_string(),
            unknown => format!("{{{{{unknown}}}}}"),
        }
    }

    fn account(&self, owner: &str) -> String {
        let owner = escape(owner);
        let list = if self.devices.is_empty() {
            String::new()
        } else {
            self.list()
        };
        format!(
            r#"<form class="row apart" id="logout-form" method="post" action="/form/logout">
      <p>Signed in as <strong id="owner">{owner}</strong></p>
      <button>Sign out</button>
    </form>{list}"#
        )
    }

    fn list(&self) -> String {
        let rows: String = self.devices.iter().map(Device::row).collect();
        format!(
            r#"
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
        let short: String = self.handle.chars().take(8).collect();
        let name = escape(self.label.as_deref().unwrap_or(&short));
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
            label: Some(HOSTILE.to_owned()),
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
            messages: vec![HOSTILE.to_owned()],
            ..View::default()
        }
    }

    #[test]
    fn no_text_of_a_visitor_becomes_markup() {
        let page = hostile().render();
        assert!(!page.contains("<script>alert") && !page.contains(r#"alert(""#));
        assert!(page.contains(&format!("<span>{SHOWN}</span>")));
        for role in ["alert", "status"] {
            assert!(page.contains(&format!(r#"role="{role}">{SHOWN}</p>"#)));
        }
        assert!(page.contains(&format!(r#"<strong id="owner">{SHOWN}</strong>"#)));
        assert!(page.contains(&format!(r#"data-handle="{SHOWN}""#)));
        assert!(page.contains(&format!(r#"<code title="{SHOWN}">{SHOWN}</code>"#)));
        assert!(page.contains(&format!(r#"aria-label="Revoke device {SHOWN}""#)));
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
    fn the_chosen_lifetime_alone_is_checked() {
        for (lifetime, id) in [
            (Lifetime::Default, Some("mode-default")),
            (Lifetime::BrowserClose, Some("mode-browser-close")),
            (Lifetime::Minutes, Some("mode-minutes")),
            (Lifetime::Other, None),
        ] {
            let view = View {
                lifetime,
                ..View::default()
            };
            let page = view.render();
            let checked: Vec<&str> = page.lines().filter(|it| it.contains(" checked>")).collect();
            assert_eq!(checked.len(), usize::from(id.is_some()), "{lifetime:?}");
            assert!(id.is_none_or(|id| checked[0].contains(id)), "{checked:?}");
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
}
