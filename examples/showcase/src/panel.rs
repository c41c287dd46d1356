use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use session_core::{Id, PublicId};

use crate::page::{Happened, Seen};
use crate::tape::Tape;

/// What forms have done, until the page that follows shows it: once, and to whoever has the word in its address, of 128 random bits.
///
/// It is kept in the process. In the session it would be one of the changes that it tells of, and after a
/// logout there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panels {
    kept: Arc<Mutex<VecDeque<(String, Panel)>>>,
    hasher: Arc<RandomState>,
}

/// What a form did: everything but what the browser has afterwards.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) action: Action,
    pub(crate) before: Side,
    pub(crate) tape: Tape,
    /// False if the store refused, because the session had ended or was replaced meanwhile.
    pub(crate) is_saved: bool,
}

/// A form of the page, as far as it matters for what there is to notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Change,
    Cycle,
    Lifetime,
    Revoke,
    SignIn,
    SignOut,
}

/// What the browser sends, and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) cookie: Option<Cookie>,
    pub(crate) handle: Handle,
}

/// A session's handle, as far as the request knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handle {
    None,
    Of(PublicId),
    /// The session was not loaded.
    Unknown,
}

/// A cookie that can be compared and shown, and opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cookie {
    /// A hash under a key of this process.
    print: u64,
    /// The first three bytes of the store's key, where the cookie has one apart from the secret.
    start: Option<[u8; 4]>,
}

impl Panels {
    /// Keeps a panel and returns the word by which it is found; `None` if there are no random bytes.
    pub(crate) fn keep(&self, panel: Panel) -> Option<String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let word = format!("{:032x}", u128::from_ne_bytes(bytes));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(MOST - 1);
        kept.push_front((word.clone(), panel));
        Some(word)
    }

    /// Takes a panel out.
    pub(crate) fn take(&self, word: &str) -> Option<Panel> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(kept, _)| kept == word)?;
        kept.remove(place).map(|(_, panel)| panel)
    }

    /// Makes a cookie's value comparable and harmless.
    pub(crate) fn cookie(&self, value: &[u8]) -> Cookie {
        Cookie {
            print: self.hasher.hash_one(value),
            // In every other form each character is part of the secret.
            start: Id::parse(value).and_then(|_| value.first_chunk().copied()),
        }
    }
}

impl Panel {
    /// Adds what the browser has now.
    pub(crate) fn shown(self, cookie_name: &str, after: Side, are_in_cookies: bool) -> Happened {
        let (before, stays) = (self.before, after.cookie == self.before.cookie);
        let handle = |side: Side| match side.handle {
            Handle::None => "none".to_owned(),
            Handle::Of(handle) => handle.to_string().chars().take(8).collect(),
            Handle::Unknown => "not loaded".to_owned(),
        };
        let seen = |side: Side, secret: &'static str| Seen {
            cookie: side.cookie.map_or("none".to_owned(), Cookie::masked),
            secret: side.cookie.map_or("none", |_| secret),
            handle: handle(side),
        };
        let secret = if stays { "the same" } else { "a new one" };
        Happened {
            lesson: self.lesson(after, are_in_cookies),
            lines: self.tape.lines,
            cookie_name: cookie_name.to_owned(),
            before: seen(before, "hidden"),
            after: seen(after, secret),
            calls: self.tape.calls,
        }
    }

    /// Says what there is to notice.
    fn lesson(&self, after: Side, are_in_cookies: bool) -> &'static str {
        let Self { action, before, .. } = self;
        if !self.is_saved {
            return "The session had ended or was replaced meanwhile: the store refused the write, and nothing was changed.";
        }
        if *action == Action::SignOut {
            return match (before.cookie, after.cookie) {
                (None, _) => "There was no cookie, so there was nothing to delete.",
                (Some(_), None) if are_in_cookies => {
                    "The session was in the cookie, and the browser has removed it. A copy of it would still open."
                }
                (Some(_), None) => {
                    "Whatever record there was is deleted, and the browser has removed the cookie: a copy of it opens nothing."
                }
                (Some(_), Some(_)) => {
                    "Whatever record there was is deleted; the browser has the cookie of another session already."
                }
            };
        }
        if after.cookie.is_none() {
            return "The browser did not keep the cookie: it is Secure and this page came over plain http, cookies are off, or this server wants a consent first (--consent).";
        }
        if are_in_cookies {
            return "The whole session is in the cookie, encrypted: each change makes another cookie, and no store is asked.";
        }
        if before.handle == Handle::None {
            return "Nothing was stored before: this insert made the session, and the browser got its cookie.";
        }
        match (action, before.handle == after.handle) {
            (Action::SignIn, false) => {
                "A new session under a new id took over the values: whoever knows the old cookie is not signed in by it."
            }
            (Action::Cycle, false) => {
                "The session has a new id, and with it a new handle: its ids are plain, and the old one opens nothing."
            }
            (_, false) => {
                "Another session has taken this one's place meanwhile, so id and handle are others."
            }
            (_, true) if before.cookie != after.cookie => {
                "The id has a new secret and the handle stays: it is the same session, and the old id opens it only for a short grace."
            }
            (Action::Lifetime, true) => {
                "The id stays: the end is stored with the session, so the server keeps it whatever the browser does."
            }
            (Action::Revoke, true) => {
                "This device's id stays. The other records were deleted, so their cookies open nothing."
            }
            (_, true) => "The id stays: a change of values is one write to the same record.",
        }
    }
}

impl Cookie {
    fn masked(self) -> String {
        let start = self.start.as_ref();
        let start = start.and_then(|start| str::from_utf8(start).ok());
        format!("{}…", start.unwrap_or_default())
    }
}

/// The most panels that are kept for pages that nobody opens.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";
    const NEW: &[u8] = b"AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIU";

    fn panel(action: Action, before: Side) -> Panel {
        Panel {
            action,
            before,
            tape: Tape::default(),
            is_saved: true,
        }
    }

    #[test]
    fn what_there_is_to_notice_follows_from_what_the_browser_had_and_has() {
        let panels = Panels::default();
        let side = |value: Option<&[u8]>, handle: u8| Side {
            cookie: value.map(|value| panels.cookie(value)),
            handle: match handle {
                0 => Handle::None,
                handle => Handle::Of(PublicId::from_bytes([handle; 16])),
            },
        };
        let nothing = side(None, 0);
        let (old, rotated, other) = (side(Some(OLD), 1), side(Some(NEW), 1), side(Some(NEW), 2));
        for (action, before, after, says) in [
            (Action::Change, nothing, old, "this insert made the session"),
            (
                Action::SignIn,
                side(Some(OLD), 0),
                other,
                "this insert made the session",
            ),
            (Action::Change, old, old, "one write to the same record"),
            (
                Action::Change,
                old,
                rotated,
                "a new secret and the handle stays",
            ),
            (Action::Change, old, other, "Another session has taken"),
            (Action::Change, nothing, nothing, "did not keep the cookie"),
            (Action::SignIn, old, other, "is not signed in by it"),
            (
                Action::Cycle,
                old,
                rotated,
                "a new secret and the handle stays",
            ),
            (Action::Cycle, old, other, "its ids are plain"),
            (Action::Lifetime, old, old, "the server keeps it"),
            (Action::Revoke, old, old, "their cookies open nothing"),
            (Action::SignOut, old, nothing, "a copy of it opens nothing"),
            (Action::SignOut, old, other, "of another session already"),
            (Action::SignOut, nothing, nothing, "nothing to delete"),
        ] {
            let said = panel(action, before).lesson(after, false);
            assert!(said.contains(says), "{action:?}: {said}");
        }
        for (action, after, says) in [
            (Action::Change, other, "no store is asked"),
            (Action::SignOut, nothing, "A copy of it would still open"),
        ] {
            let said = panel(action, old).lesson(after, true);
            assert!(said.contains(says), "{action:?}: {said}");
        }
        let refused = Panel {
            is_saved: false,
            ..panel(Action::Change, old)
        };
        assert!(refused.lesson(nothing, false).contains("refused the write"));
    }

    #[test]
    fn nothing_of_a_secret_is_kept_or_shown() {
        let panels = Panels::default();
        let shown = |value: &[u8]| panels.cookie(value).masked();
        assert_eq!(shown(OLD), "AAAA…");
        // An id in which each character is secret, and an encrypted session.
        assert_eq!(shown(b"abcdefghijklmnopqrstuvwxyz012345"), "…");
        assert_eq!(shown(&[b'x'; 300]), "…");
        assert_eq!(panels.cookie(OLD), panels.cookie(OLD));
        assert_ne!(panels.cookie(OLD), panels.cookie(NEW));
        // Another process has another key.
        assert_ne!(panels.cookie(OLD), Panels::default().cookie(OLD));
    }

    #[test]
    fn a_panel_is_taken_once_and_old_ones_make_room() {
        let panels = Panels::default();
        let none = Side {
            cookie: None,
            handle: Handle::None,
        };
        let keep = || panels.keep(panel(Action::Change, none)).unwrap();
        let first = keep();
        assert!(panels.take("").is_none());
        assert!(panels.take(&first).is_some());
        assert!(panels.take(&first).is_none());
        let words: Vec<String> = (0..=MOST).map(|_| keep()).collect();
        assert!(panels.take(&words[0]).is_none());
        assert!(words[1..].iter().all(|word| panels.take(word).is_some()));
    }
}
