use std::time::Duration;

use serde::Serialize;

use super::activity::Activity;
use super::session::Session;

/// What is left of a session, as the JSON that a page asks for: `{"seconds":120}`, or `{"seconds":null}` without one.
///
/// Of [`Session::remaining`], to warn of the end, and of [`Session::keep_alive`], to put it off (WCAG 2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Remaining {
    /// Whole seconds, rounded up; `None` without a session.
    pub seconds: Option<u64>,
}

/// What a page asks by itself, and what its visitor asks for.
impl Session {
    /// Says that this request is no activity: it neither extends the session's life nor renews its id.
    ///
    /// For what a page asks by itself, without the visitor: how much time is left, whether somebody has logged out.
    /// Otherwise an open tab would keep the session alive for ever. It holds for the whole request, whoever else has loaded its
    /// session; [`expires_in`](Self::expires_in) then says what is left. A change is activity all the same.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use session_core::{ManualClock, Moment, Policy, SessionError, Sessions};
    /// # let clock = Arc::new(ManualClock::new(Moment::UNIX_EPOCH));
    /// # let policy = Policy::builder().idle(Duration::from_secs(60)).clock(Arc::clone(&clock)).build().unwrap();
    /// # let sessions = Sessions::new(policy, session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// # let login = sessions.open([]);
    /// # login.handle().load().await?.sign_in("ada")?;
    /// # let cookie = login.commit(200).await?.set_cookie().unwrap().to_owned();
    /// # clock.advance(Duration::from_secs(45));
    /// // The idle limit is a minute, and 45 seconds have passed.
    /// let request = sessions.open([cookie.as_bytes()]);
    /// let session = request.handle().load().await?;
    /// session.stay_idle();
    /// assert_eq!(session.expires_in(), Some(Duration::from_secs(15)));
    /// # request.commit(200).await?;
    /// # clock.advance(Duration::from_secs(15));
    /// # assert!(!sessions.open([cookie.as_bytes()]).handle().load().await?.exists());
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    pub fn stay_idle(&self) {
        self.0.state().act(Activity::None);
    }

    /// Returns what is left of the session, and [is no activity](Self::stay_idle): all that the endpoint of a page
    /// needs that warns, "you will be signed out in 2 minutes".
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use session_core::{ManualClock, Moment, Policy, SessionError, Sessions};
    /// use session_core::{Remaining, Session};
    ///
    /// // `GET /remaining`, whose answer is JSON; and `POST /stay`, of the button "stay signed in".
    /// fn remaining(session: &Session) -> Remaining {
    ///     session.remaining()
    /// }
    /// fn stay(session: &Session) -> Remaining {
    ///     session.keep_alive()
    /// }
    ///
    /// # let clock = Arc::new(ManualClock::new(Moment::UNIX_EPOCH));
    /// # let policy = Policy::builder().idle(Duration::from_secs(1200)).clock(Arc::clone(&clock)).build().unwrap();
    /// # let sessions = Sessions::new(policy, session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// # let login = sessions.open([]);
    /// # login.handle().load().await?.sign_in("ada")?;
    /// # let cookie = login.commit(200).await?.set_cookie().unwrap().to_owned();
    /// # clock.advance(Duration::from_secs(1080));
    /// # let request = sessions.open([cookie.as_bytes()]);
    /// # let session = &request.handle().load().await?;
    /// // The idle limit is 20 minutes, and 18 have passed.
    /// assert_eq!(serde_json::to_string(&remaining(session)).unwrap(), r#"{"seconds":120}"#);
    /// # let request = sessions.open([cookie.as_bytes()]);
    /// # let session = &request.handle().load().await?;
    /// assert_eq!(stay(session).seconds, Some(1200));
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    ///
    /// In the page:
    ///
    /// ```js
    /// async function look() {
    ///   try {
    ///     const answer = await fetch("/remaining", { cache: "no-store" });
    ///     if (!answer.ok) return setTimeout(look, 10_000); // an outage says nothing about the session
    ///     const { seconds } = await answer.json();
    ///     if (seconds === null) return location.assign("/login");
    ///     warning.hidden = seconds > 120; // its button does fetch("/stay", { method: "POST" }), and hides it
    ///     const pause = Math.max(seconds > 120 ? seconds - 120 : seconds, 1);
    ///     setTimeout(look, Math.min(pause, 3600) * 1000); // more than 24 days would count as none
    ///   } catch {
    ///     setTimeout(look, 10_000); // no network
    ///   }
    /// }
    /// ```
    #[must_use = "to say only that the request is no activity, call `stay_idle`"]
    pub fn remaining(&self) -> Remaining {
        self.stay_idle();
        self.left_of_it()
    }

    /// Extends the session's life now, however short ago that was done last, and returns what is left then; for the
    /// button "stay signed in".
    ///
    /// A request that only reads extends it once in a while ([`touch_every`](crate::PolicyBuilder::touch_every)), or
    /// never. The absolute limit stays. Of several such calls in one request the last counts: a [`stay_idle`](Self::stay_idle) or a
    /// [`remaining`](Self::remaining) after it takes it back. If the store fails, the answer goes out and the life is as before, which the
    /// next [`remaining`](Self::remaining) shows.
    #[allow(
        clippy::must_use_candidate,
        reason = "a request may extend a session without an interest in what is left"
    )]
    pub fn keep_alive(&self) -> Remaining {
        self.0.state().act(Activity::Asked);
        self.left_of_it()
    }

    fn left_of_it(&self) -> Remaining {
        let left = self.expires_in().filter(|_| self.exists());
        Remaining {
            seconds: left.map(whole_seconds),
        }
    }
}

fn whole_seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
