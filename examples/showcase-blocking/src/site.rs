use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use session_core::{CommitError, Reply, Sessions, StoreError, Watch};
use session_store::BlockingStore;
use showcase::{Access, Answer, App, Request};

use crate::by_hand::ByHand;
use crate::head::Head;
use crate::in_cookies::InCookies;
use crate::response::Response;

/// The application with its store, shared by all connections.
pub(crate) struct Site {
    app: App,
    store: BlockingStore,
}

impl Site {
    pub(crate) fn new(app: App, store: BlockingStore) -> Self {
        Self { app, store }
    }

    /// Answers one request.
    pub(crate) fn respond(&self, head: &Head, body: &[u8]) -> Response {
        if self.app.sessions().are_in_cookies() {
            return self.respond_by(head, body, |sessions| InCookies::new(sessions, head));
        }
        self.respond_by(head, body, |sessions| {
            ByHand::new(sessions, &self.store, head)
        })
    }

    /// Answers one request, in the order of an adapter's five duties.
    fn respond_by<'a, V: End>(
        &'a self,
        head: &Head,
        body: &[u8],
        // 1. Open: the core gets the bytes of the `Cookie` headers, unparsed and not joined.
        begin: impl Fn(&'a Sessions) -> V,
    ) -> Response {
        let first = begin(self.app.sessions());
        // A second session is a second exchange, with another policy and another cookie.
        let second = self.app.second().map(&begin);
        let request = Request {
            method: head.method(),
            path: head.path(),
            query: head.query(),
            user_agent: head.user_agent(),
            accept: head.accept(),
            cookie: head.cookies().next(),
            host: head.host(),
            origin: head.origin(),
            fetch_site: head.fetch_site(),
            body,
        };
        // 2. Put: the handler gets the session. 3. Load: when the handler asks; it answers an
        // outage too, here with an opaque 503.
        let responding = || pollster::block_on(self.app.respond(request, &first, second.as_ref()));
        let responded = catch_unwind(AssertUnwindSafe(responding));
        let sessions = iter::once(first).chain(second);
        let Ok(answer) = responded else {
            let panicked = Answer::error(500, "internal server error").into();
            return sessions.fold(panicked, |response, session| {
                with(&session.abandon(), response)
            });
        };
        // 4. Finish: the status is known, and nothing is sent yet. All replies belong on the response,
        // also if a later session fails and its answer takes the response's place.
        let mut replies = Vec::new();
        let response = sessions.fold(answer.into(), |response, session| {
            commit(response, session, head.accept(), &mut replies)
        });
        replies
            .iter()
            .fold(response, |response, reply| with(reply, response))
    }

    /// Returns how often to ask whether a session has ended.
    pub(crate) fn watch_every(&self) -> Duration {
        self.app.sessions().policy().watch_every()
    }

    /// Asks the store once whether a session has ended.
    pub(crate) fn has_ended(&self, watch: &mut Watch) -> Result<bool, StoreError> {
        let now = self.app.sessions().policy().now();
        let found = self.store.load(watch.key(), watch.secret(), now)?;
        Ok(watch.has_ended(found, now))
    }

    /// Returns the current time, for the `Date` header.
    pub(crate) fn now(&self) -> time::OffsetDateTime {
        self.app.sessions().policy().now().into()
    }
}

/// One request's session, as far as its end goes.
pub(crate) trait End: Access {
    /// Commits the request; the head may be sent only afterwards, with the reply.
    fn finish(self, status: u16) -> Result<Reply, CommitError>;

    /// Commits nothing, because the handler has panicked; the reply belongs on the 500.
    fn abandon(self) -> Reply;
}

/// Commits, and keeps the reply for the response.
fn commit(
    response: Response,
    session: impl End,
    accept: &str,
    replies: &mut Vec<Reply>,
) -> Response {
    match session.finish(response.status()) {
        Ok(reply) => {
            replies.push(reply);
            response
        }
        // 5. A failed commit must not look like success: the log gets the cause, the client the
        // status, and the cookie of an early save.
        Err(failed) => {
            let (error, reply) = failed.into_parts();
            replies.push(reply);
            Answer::uncommitted(error, accept).into()
        }
    }
}

fn with(reply: &Reply, mut response: Response) -> Response {
    reply.clone().apply(&mut response);
    response
}
