use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use session_core::{
    Carrier, Clock, IdForm, ManualClock, Moment, Policy, PolicyBuilder, Reply, Request,
    RequestSession, SessionError, Sessions, SignIn,
};
use time::macros::datetime;

use super::Browser;
use crate::{FaultyStore, ModelStore};

/// The sessions that an application runs on in a test; the [module](crate::app) has an example.
///
/// Their store is in memory, and their clock stands still until it is [moved](Self::advance). It begins at noon on
/// 1 January 2026.
#[derive(Debug)]
pub struct TestSessions {
    clock: Arc<ManualClock>,
    store: FaultyStore,
    sessions: Sessions,
}

impl TestSessions {
    /// Uses the default policy.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Policy::builder())
    }

    /// Uses the application's own policy, with the test's clock.
    ///
    /// # Panics
    ///
    /// The policy is wrong; the message is [`PolicyError`](session_core::PolicyError)'s.
    #[track_caller]
    #[must_use]
    pub fn of(policy: PolicyBuilder) -> Self {
        let clock = Arc::new(ManualClock::new(datetime!(2026-01-01 12:00 UTC)));
        let policy = built(policy, &clock);
        let store = FaultyStore::new(match policy.id_form() {
            IdForm::Plain => ModelStore::of_plain_ids(),
            IdForm::Hashed => ModelStore::new(),
        });
        Self::joined(clock, store, policy)
    }

    /// Makes further sessions on the same clock and store, such as the administrators' with a cookie of their own.
    ///
    /// ```
    /// use session_core::Policy;
    /// use session_testkit::app::TestSessions;
    ///
    /// let visitors = TestSessions::new();
    /// let admins = visitors.beside(Policy::builder().cookie_name("__Host-admin"));
    /// // … the application, with `visitors.sessions()` and `admins.sessions()`
    /// let browser = visitors.signed_in("ada");
    /// admins.sign_in(&browser, "root");
    /// assert!(browser.has("__Host-session") && browser.has("__Host-admin"));
    /// ```
    ///
    /// # Panics
    ///
    /// The policy is wrong, or has ids of another form than these sessions'.
    #[track_caller]
    #[must_use]
    pub fn beside(&self, policy: PolicyBuilder) -> Self {
        let policy = built(policy, &self.clock);
        assert_eq!(
            policy.id_form(),
            self.sessions.policy().id_form(),
            "one store has ids of one form"
        );
        Self::joined(Arc::clone(&self.clock), self.store.clone(), policy)
    }

    fn joined(clock: Arc<ManualClock>, store: FaultyStore, policy: Policy) -> Self {
        let sessions = Sessions::new(policy, store.clone());
        Self {
            clock,
            store,
            sessions,
        }
    }

    /// Returns the sessions, for the application's layer, middleware or fairing.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    /// Returns the store, which fails, loses answers or waits if it is told to.
    #[must_use]
    pub fn store(&self) -> &FaultyStore {
        &self.store
    }

    /// Returns the clock, for whatever else in the application tells time.
    #[must_use]
    pub fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    /// Returns the present moment of the test.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Returns a browser without cookies: a new visitor.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::by(&self.clock)
    }

    /// Returns a browser in which somebody is signed in; each is another device.
    ///
    /// An owner's name will do where the application asks for the owner alone. A [`SignIn`] says more: where it loads the user
    /// (`User` of `session-extras`), the sign-in has to have the stamp, so take what the application makes sign-ins with.
    ///
    /// ```
    /// use session_core::{SignIn, StampKey};
    /// use session_testkit::app::TestSessions;
    ///
    /// struct Accounts(StampKey);
    ///
    /// impl Accounts {
    ///     fn sign_in_of(&self, name: &str) -> SignIn {
    ///         SignIn::of(name).credential(self.0.stamp(name, b"the hash of the password"))
    ///     }
    /// }
    ///
    /// let (test, accounts) = (TestSessions::new(), Accounts(StampKey::new(&[7; 32]).unwrap()));
    /// let browser = test.signed_in(accounts.sign_in_of("ada"));
    /// let present = accounts.0.stamp("ada", b"the hash of the password");
    /// assert!(test.visit(&browser, |session| Ok(session.check_credential(&[present]))));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`visit`](Self::visit).
    #[track_caller]
    #[must_use]
    pub fn signed_in(&self, owner: impl Into<SignIn>) -> Browser {
        let browser = self.browser();
        self.sign_in(&browser, owner);
        browser
    }

    /// Signs somebody in, in a browser that may have a session already, such as a guest's.
    ///
    /// # Panics
    ///
    /// As [`visit`](Self::visit).
    #[track_caller]
    pub fn sign_in(&self, browser: &Browser, owner: impl Into<SignIn>) {
        self.visit(browser, |session| session.sign_in(owner));
    }

    /// Makes a request that no handler of the application gets: to prepare what handlers find, or to look at what they
    /// have stored.
    ///
    /// It counts as activity, unless the closure says [`stay_idle`](session_core::Session::stay_idle).
    ///
    /// ```
    /// use session_testkit::app::TestSessions;
    ///
    /// let test = TestSessions::new();
    /// let browser = test.browser();
    /// test.visit(&browser, |session| session.insert("cart", ["tea"]));
    /// // … a request to the application …
    /// let cart: Option<Vec<String>> = test.visit(&browser, |session| session.get("cart"));
    /// assert_eq!(cart.unwrap(), ["tea"]);
    /// ```
    ///
    /// # Panics
    ///
    /// The closure or the store fails, the store waits at a [gate](crate::Gate), or the policy has bearers alone: their tests take
    /// a [token](Self::token).
    #[track_caller]
    pub fn visit<T>(
        &self,
        browser: &Browser,
        act: impl FnOnce(&RequestSession) -> Result<T, SessionError>,
    ) -> T {
        let carrier = self.sessions.policy().carrier();
        assert!(
            carrier != Carrier::Bearer,
            "a browser has cookies alone, and these sessions travel as bearers: take `TestSessions::token`"
        );
        let header = browser.cookie();
        let (seen, reply) = ask(&self.sessions.open([header.as_bytes()]), act);
        browser.receive(reply.set_cookie());
        seen
    }

    /// Returns the token of a client that somebody is signed in to, for the header `Authorization: Bearer TOKEN`.
    ///
    /// ```
    /// use session_core::{Carrier, Policy};
    /// use session_testkit::app::TestSessions;
    ///
    /// let test = TestSessions::of(Policy::builder().carrier(Carrier::Bearer));
    /// let authorization = format!("Bearer {}", test.token("ada"));
    /// # let (sessions, values) = (test.sessions(), [authorization.as_bytes()]);
    /// # let request = sessions.open_named::<(), _>(None, [], || values);
    /// # let session = pollster::block_on(request.handle().load()).unwrap();
    /// # assert_eq!(session.owner().as_deref(), Some("ada"));
    /// ```
    ///
    /// # Panics
    ///
    /// The policy has no bearers, or the store fails or waits.
    #[track_caller]
    #[must_use]
    pub fn token(&self, owner: impl Into<SignIn>) -> String {
        let new = [&b"Bearer new"[..]];
        let request = self.sessions.open_named::<(), _>(None, [], || new);
        let ((), reply) = ask(&request, |session| session.sign_in(owner));
        match reply.session_token() {
            Some(token) => token.to_owned(),
            None => panic!("these sessions travel by cookie alone: take `TestSessions::signed_in`"),
        }
    }
}

impl Default for TestSessions {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a request, which nothing has to wait for.
#[track_caller]
fn ask<T>(
    request: &Request,
    act: impl FnOnce(&RequestSession) -> Result<T, SessionError>,
) -> (T, Reply) {
    let visit = async {
        let seen = act(&request.handle().load().await?)?;
        let reply = request.commit(200).await?;
        Ok::<_, SessionError>((seen, reply))
    };
    match visit.now_or_never() {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => panic!("the test's own request failed: {}", why(&error)),
        None => panic!("the test's own request waits for a store that is paused"),
    }
}

/// Returns an error's text with its causes.
fn why(error: &SessionError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[track_caller]
fn built(policy: PolicyBuilder, clock: &Arc<ManualClock>) -> Policy {
    match policy.clock(Arc::clone(clock)).build() {
        Ok(policy) => policy,
        Err(error) => panic!("the policy is wrong: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Ask = Box<dyn Fn() + Send>;

    #[test]
    fn each_sign_in_is_another_device_of_its_owner() {
        let test = TestSessions::new();
        let (one, other) = (test.signed_in("ada"), test.signed_in("ada"));
        let handle = |browser| test.visit(browser, |session| Ok(session.public_id()));
        assert_ne!(handle(&one), handle(&other));
        let listed = pollster::block_on(test.sessions().devices("ada")).unwrap();
        assert_eq!(listed.len(), 2);
    }

    #[test]
    fn a_guest_who_signs_in_keeps_what_was_there() {
        let test = TestSessions::of(Policy::builder().plain_ids());
        let guest = test.browser();
        test.visit(&guest, |session| session.insert("cart", 1));
        let stolen = guest.copy();
        test.sign_in(&guest, "ada");
        let seen = |browser| test.visit(browser, |s| Ok((s.get::<u8>("cart")?, s.owner())));
        assert_eq!(seen(&guest), (Some(1), Some("ada".into())));
        assert_eq!(seen(&stolen), (None, None));
    }

    #[test]
    fn sessions_beside_others_end_by_the_same_clock_and_fail_with_the_same_store() {
        let minute = Duration::from_secs(60);
        let visitors = TestSessions::new();
        let admins = visitors.beside(
            Policy::builder()
                .cookie_name("admin")
                .insecure()
                .idle(minute),
        );
        let browser = visitors.signed_in("ada");
        admins.sign_in(&browser, "root");
        let owner = |test: &TestSessions| test.visit(&browser, |session| Ok(session.owner()));
        assert_eq!(owner(&visitors).as_deref(), Some("ada"));
        assert_eq!(owner(&admins).as_deref(), Some("root"));
        visitors.advance(minute);
        assert_eq!(owner(&visitors).as_deref(), Some("ada"));
        assert_eq!(owner(&admins), None);
        admins.store().go_down();
        let login = visitors.sessions().open([]);
        let failed = pollster::block_on(async {
            login.handle().load().await?.sign_in("bob")?;
            Ok::<_, SessionError>(login.commit(200).await?)
        });
        assert!(matches!(failed, Err(SessionError::Store(_))));
    }

    #[test]
    fn what_a_test_asks_in_vain_is_said() {
        let waiting = TestSessions::new();
        let gate = waiting.store().pause_before(1);
        let cases: [(&str, Ask); 6] = [
            (
                "is down",
                Box::new(|| {
                    let test = TestSessions::new();
                    test.store().go_down();
                    let _ = test.signed_in("ada");
                }),
            ),
            ("paused", Box::new(move || drop(waiting.signed_in("ada")))),
            (
                "`TestSessions::token`",
                Box::new(|| {
                    let test = TestSessions::of(Policy::builder().carrier(Carrier::Bearer));
                    drop(test.signed_in("ada"));
                }),
            ),
            (
                "`TestSessions::signed_in`",
                Box::new(|| drop(TestSessions::new().token("ada"))),
            ),
            (
                "ids of one form",
                Box::new(|| drop(TestSessions::new().beside(Policy::builder().plain_ids()))),
            ),
            (
                "idle: must",
                Box::new(|| drop(TestSessions::of(Policy::builder().idle(Duration::ZERO)))),
            ),
        ];
        for (words, ask) in cases {
            let panic = std::thread::spawn(ask).join().unwrap_err();
            let message = panic.downcast_ref::<String>().map(String::as_str);
            let message = message.or(panic.downcast_ref::<&str>().copied()).unwrap();
            assert!(message.contains(words), "{message}");
        }
        gate.open();
    }
}
